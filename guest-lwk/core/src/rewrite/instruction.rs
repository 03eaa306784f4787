//! How long an instruction is, for the few kinds that may be moved: those that mean the same at another address.
//!
//! Compilers put little else behind a `syscall`. What is not here stays where it is, and its `syscall` traps for ever.

const REX: core::ops::RangeInclusive<u8> = 0x40..=0x4f;
/// The r/m field that, without displacement, means "relative to the instruction pointer" (Intel SDM vol. 2, 2.2.1.6).
const RIP_RELATIVE: u8 = 5;
/// The r/m field behind which a SIB byte follows.
const SIB: u8 = 4;

/// The length of the instruction that `bytes` begin with, if it may be moved.
pub(super) fn movable_length(bytes: &[u8]) -> Option<usize> {
    let prefix = usize::from(REX.contains(bytes.first()?));
    let wide = prefix == 1 && bytes[0] & 8 != 0;
    let rest = &bytes[prefix..];
    let behind_opcode = match *rest.first()? {
        // ADD, OR, AND, SUB, XOR, CMP and MOV between a register and a register or memory; TEST.
        0x01 | 0x03 | 0x09 | 0x0b | 0x21 | 0x23 | 0x29 | 0x2b | 0x31 | 0x33 | 0x39 | 0x3b | 0x85 | 0x89 | 0x8b => {
            operand(&rest[1..])?
        }
        // LEA, of memory only.
        0x8d if rest.get(1)? >> 6 != 3 => operand(&rest[1..])?,
        // The same with RAX and a constant of 32 bits.
        0x05 | 0x0d | 0x25 | 0x2d | 0x35 | 0x3d | 0xa9 => 4,
        // The same with a register or memory and a constant of 8 bits, or of 32.
        0x80 | 0x83 => operand(&rest[1..])? + 1,
        0x81 => operand(&rest[1..])? + 4,
        // NEG, NOT and others without a constant, but not TEST (/0, /1).
        0xf7 if extension(rest)? >= 2 => operand(&rest[1..])?,
        0xc7 if extension(rest)? == 0 => operand(&rest[1..])? + 4,
        // MOV of a constant to a register.
        0xb8..=0xbf if !wide => 4,
        // PUSH, POP, RET, NOP.
        0x50..=0x5f | 0xc3 | 0x90 if prefix == 0 || rest[0] < 0x60 => 0,
        // A NOP with an operand, as assemblers fill gaps with.
        0x0f if rest.get(1) == Some(&0x1f) => 1 + operand(&rest[2..])?,
        // The same with more prefixes in front.
        0x66 | 0x2e if prefix == 0 => return padding_length(bytes),
        _ => return None,
    };
    let length = prefix + 1 + behind_opcode;
    (length <= bytes.len()).then_some(length)
}

/// The field of the `ModRM` byte that says more about the operation.
fn extension(bytes: &[u8]) -> Option<u8> {
    Some(bytes.get(1)? / 8 % 8)
}

/// Bytes of an operand: the `ModRM` byte and what belongs to it.
fn operand(bytes: &[u8]) -> Option<usize> {
    let (mode, register) = (bytes.first()? >> 6, bytes[0] & 7);
    if mode == 3 {
        return Some(1);
    }
    let has_sib = register == SIB;
    let base = if has_sib { bytes.get(1)? & 7 } else { register };
    let displacement = match mode {
        0 if !has_sib && base == RIP_RELATIVE => return None,
        // A SIB byte without a base has a displacement instead.
        0 if base == RIP_RELATIVE => 4,
        0 => 0,
        1 => 1,
        _ => 4,
    };
    Some(1 + usize::from(has_sib) + displacement)
}

/// A NOP with operand-size and segment prefixes.
fn padding_length(bytes: &[u8]) -> Option<usize> {
    let prefixes = bytes.iter().take_while(|byte| matches!(byte, 0x66 | 0x2e)).count();
    let length = match bytes.get(prefixes..)? {
        [0x90, ..] => prefixes + 1,
        [0x0f, 0x1f, operands @ ..] => prefixes + 2 + operand(operands)?,
        _ => return None,
    };
    (length <= bytes.len()).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced_x86::{Decoder, DecoderOptions};
    use proptest::prelude::*;

    #[test]
    fn what_compilers_put_behind_a_call_can_be_moved() {
        for (bytes, length) in [
            (&[0x48, 0x3d, 0x00, 0xf0, 0xff, 0xff][..], 6),
            (&[0x3d, 0x00, 0xf0, 0xff, 0xff], 5),
            (&[0x48, 0x89, 0xc7, 0x90], 3),
            (&[0xc3, 0x0f], 1),
            (&[0x85, 0xc0], 2),
            (&[0x83, 0xf8, 0xda], 3),
            (&[0x80, 0xbb, 0xf8, 0x08, 0, 0, 0], 7),
            (&[0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0], 10),
            (&[0x48, 0x8b, 0x44, 0x24, 0x48], 5),
        ] {
            assert_eq!(movable_length(bytes), Some(length), "{bytes:x?}");
        }
    }

    #[test]
    fn what_depends_on_its_address_or_is_not_whole_stays() {
        for bytes in [
            &[0x48, 0x8b, 0x0d, 0, 0, 0, 0][..],
            &[0xeb, 0xf8],
            &[0xe9, 0, 0, 0, 0],
            &[0x0f, 0x05],
            &[0x48, 0x3d, 0x00],
            &[0xf0, 0x01, 0x00],
            &[0x48],
            &[],
        ] {
            assert_eq!(movable_length(bytes), None, "{bytes:x?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100_000))]
        #[test]
        fn lengths_are_those_of_a_whole_decoder(bytes in proptest::array::uniform16(any::<u8>())) {
            if let Some(length) = movable_length(&bytes) {
                let instruction = Decoder::new(64, &bytes, DecoderOptions::NONE).decode();
                prop_assert!(!instruction.is_invalid(), "{bytes:x?}");
                prop_assert_eq!(instruction.len(), length, "{:x?}", bytes);
                prop_assert!(!instruction.is_ip_rel_memory_operand());
                let flow = instruction.flow_control();
                prop_assert!(matches!(flow, iced_x86::FlowControl::Next | iced_x86::FlowControl::Return));
            }
        }
    }
}
