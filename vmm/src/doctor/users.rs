//! Names of users and groups, from the files only (passwd(5), group(5)): enough to name the owner of a device.

use std::fs;

/// The user's name, or the number.
pub(super) fn user(uid: u32) -> String {
    name("/etc/passwd", uid).unwrap_or_else(|| uid.to_string())
}

/// The group's name, or the number.
pub(super) fn group(gid: u32) -> String {
    name("/etc/group", gid).unwrap_or_else(|| gid.to_string())
}

/// Who is a member of the group, as its line says.
pub(super) fn members(gid: u32) -> Option<String> {
    let text = fs::read_to_string("/etc/group").ok()?;
    let members = field(&text, gid, 3)?;
    (!members.is_empty()).then(|| members.to_owned())
}

fn name(file: &str, id: u32) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    field(&text, id, 0).map(str::to_owned)
}

/// A field of the line with this id; both files have the id in their third.
fn field(text: &str, id: u32, index: usize) -> Option<&str> {
    let id = id.to_string();
    let line = text.lines().find(|line| line.split(':').nth(2) == Some(&id))?;
    line.split(':').nth(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_id() {
        let text = "root:x:0:\nkvm:x:104:ann,bob\n";
        assert_eq!(field(text, 104, 0), Some("kvm"));
        assert_eq!(field(text, 104, 3), Some("ann,bob"));
        assert_eq!(field(text, 5, 0), None);
    }

    #[test]
    fn root_has_its_name() {
        assert_eq!((user(0).as_str(), group(0).as_str()), ("root", "root"));
    }
}
