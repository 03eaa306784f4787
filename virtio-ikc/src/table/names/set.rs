//! A set of names for the values and bits of a number, printed as strace(1) does.

use core::fmt::{self, Write};

/// The names of one kind of number.
#[derive(Debug)]
pub(super) struct Set {
    /// What rows call it.
    pub(super) name: &'static str,
    /// The bits in which one of `values` stands; the others are flags.
    pub(super) mask: u32,
    /// Names of what stands in `mask`.
    pub(super) values: &'static [(u32, &'static str)],
    /// Names of flags, those of several bits before those of one.
    pub(super) flags: &'static [(u32, &'static str)],
    /// Whether flags are printed before the value.
    pub(super) flags_first: bool,
    /// What 0 is called if there is no value.
    pub(super) zero: &'static str,
    /// What names begin with; printed beside a number that has none.
    pub(super) unknown: &'static str,
}

impl Set {
    /// A set without names.
    pub(super) const EMPTY: Self =
        Self { name: "", mask: 0, values: &[], flags: &[], flags_first: false, zero: "0", unknown: "???" };

    /// Prints `number`. Only its low 32 bits count, as in every call that has named numbers.
    pub(super) fn describe(&self, number: u32, out: &mut dyn Write) -> fmt::Result {
        if self.mask == 0 && number == 0 {
            return out.write_str(self.zero);
        }
        let value = self.values.iter().find(|named| named.0 == number & self.mask).map(|named| named.1);
        // A value without a name is left among the flags, where it is printed as a number.
        let flags = if value.is_some() { number & !self.mask } else { number };
        let mut list = List { out, empty: true };
        if !self.flags_first {
            list.push_if(value)?;
        }
        let rest = self.list_flags(flags, &mut list)?;
        if self.flags_first {
            list.push_if(value)?;
        }
        match (list.empty, rest) {
            (true, _) => write!(list.out, "{number:#x} /* {} */", self.unknown),
            (false, 0) => Ok(()),
            (false, _) => write!(list.out, "|{rest:#x}"),
        }
    }

    fn list_flags(&self, flags: u32, list: &mut List<'_>) -> Result<u32, fmt::Error> {
        let mut rest = flags;
        for &(bits, name) in self.flags {
            if bits != 0 && rest & bits == bits {
                list.push(name)?;
                rest &= !bits;
            }
        }
        Ok(rest)
    }
}

/// Names with bars between them.
struct List<'a> {
    out: &'a mut dyn Write,
    empty: bool,
}

impl List<'_> {
    fn push(&mut self, name: &str) -> fmt::Result {
        if !self.empty {
            self.out.write_char('|')?;
        }
        self.empty = false;
        self.out.write_str(name)
    }

    fn push_if(&mut self, name: Option<&str>) -> fmt::Result {
        name.map_or(Ok(()), |name| self.push(name))
    }
}
