//! Names for the addresses that the LWK's last words contain.

use elf::ElfBytes;
use elf::abi::STT_FUNC;
use elf::endian::LittleEndian;
use virtio_ikc::layout::LWK_IMAGE;

/// Bytes of the LWK's image at most, as far as a trace goes.
const IMAGE_SPAN: u64 = 64 << 20;

/// The functions of an image.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    /// Address, length and name, by address.
    functions: Vec<(u64, u64, String)>,
}

impl Symbols {
    /// Reads the symbol table of the ELF file `file`; none where it has none.
    #[must_use]
    pub fn read(file: &[u8]) -> Self {
        let table = ElfBytes::<LittleEndian>::minimal_parse(file).and_then(|elf| elf.symbol_table());
        let Ok(Some((symbols, names))) = table else { return Self::default() };
        let functions = symbols.iter().filter(|symbol| symbol.st_symtype() == STT_FUNC);
        let mut functions: Vec<_> = functions
            .filter_map(|symbol| {
                let name = names.get(usize::try_from(symbol.st_name).ok()?).ok()?;
                Some((symbol.st_value, symbol.st_size, demangle(name)))
            })
            .collect();
        functions.sort();
        Self { functions }
    }

    /// The function at `address` and how far into it that is.
    #[must_use]
    pub fn find(&self, address: u64) -> Option<(&str, u64)> {
        let after = self.functions.partition_point(|(start, ..)| *start <= address);
        let (start, length, name) = self.functions.get(after.checked_sub(1)?)?;
        // The address behind a call that does not return is the function's end.
        (address - start <= *length).then_some((name.as_str(), address - start))
    }

    /// `text` with the function's name behind each address of the image.
    #[must_use]
    pub fn annotate(&self, text: &str) -> String {
        let mut annotated = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("0x") {
            let digits = rest[at + 2..].bytes().take_while(u8::is_ascii_hexdigit).count();
            let end = at + 2 + digits;
            annotated.push_str(&rest[..end]);
            if let Some(name) = self.name_of(&rest[at + 2..end]) {
                annotated.push_str(&name);
            }
            rest = &rest[end..];
        }
        annotated.push_str(rest);
        annotated
    }

    fn name_of(&self, digits: &str) -> Option<String> {
        let address = u64::from_str_radix(digits, 16).ok()?;
        if !(LWK_IMAGE..LWK_IMAGE + IMAGE_SPAN).contains(&address) {
            return None;
        }
        self.find(address).map(|(name, offset)| format!(" <{name}+{offset:#x}>"))
    }
}

fn demangle(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols() -> Symbols {
        let function = |start, length, name: &str| (LWK_IMAGE + start, length, name.to_owned());
        Symbols { functions: vec![function(0, 16, "first"), function(32, 8, "second")] }
    }

    #[test]
    fn an_address_belongs_to_the_function_around_it() {
        let symbols = symbols();
        assert_eq!(symbols.find(LWK_IMAGE + 15), Some(("first", 15)));
        assert_eq!(symbols.find(LWK_IMAGE + 16), Some(("first", 16)));
        assert_eq!(symbols.find(LWK_IMAGE + 17), None);
        assert_eq!(symbols.find(LWK_IMAGE + 32), Some(("second", 0)));
        assert_eq!(symbols.find(LWK_IMAGE - 1), None);
    }

    #[test]
    fn text_keeps_everything_and_gets_names() {
        let text = format!("at {:#x}: 0x10, 0x, end", LWK_IMAGE + 33);
        let expected = format!("at {:#x} <second+0x1>: 0x10, 0x, end", LWK_IMAGE + 33);
        assert_eq!(symbols().annotate(&text), expected);
    }

    #[test]
    fn a_file_without_symbols_has_none() {
        assert!(Symbols::read(b"no ELF file").find(LWK_IMAGE).is_none());
    }
}
