//! Which of the processor's features programs are told of.
//!
//! Hosts with software virtualization run CPL3 natively, but their KVM lists the features of its emulator. What
//! needs no help from a kernel is therefore added from the processor itself; what needs help that the LWK does not give is taken away on all hosts.

use kvm_bindings::kvm_cpuid_entry2;
use std::arch::x86_64::CpuidResult;

/// Features of one leaf (Intel SDM vol. 2, CPUID; AMD APM vol. 3, appendix E).
pub(super) struct Features {
    pub(super) leaf: u32,
    pub(super) subleaf: u32,
    /// Instructions that programs may use as soon as the processor has them: EAX, EBX, ECX, EDX.
    pub(super) native: [u32; 4],
    /// What is never offered.
    pub(super) refused: [u32; 4],
}

const fn bits<const N: usize>(numbers: [u32; N]) -> u32 {
    let mut bits = 0;
    let mut index = 0;
    while index < N {
        bits |= 1 << numbers[index];
        index += 1;
    }
    bits
}

/// By leaf.
pub(super) const FEATURES: [Features; 7] = [
    Features {
        leaf: 1,
        subleaf: 0,
        // SSE3 PCLMULQDQ SSSE3 FMA CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE OSXSAVE AVX F16C RDRAND;
        // FPU TSC CX8 CMOV CLFSH MMX FXSR SSE SSE2 SS.
        native: [
            0,
            0,
            bits([0, 1, 9, 12, 13, 19, 20, 22, 23, 25, 26, 27, 28, 29, 30]),
            bits([0, 4, 8, 15, 19, 23, 24, 25, 26, 27]),
        ],
        // MONITOR DS-CPL VMX SMX EIST TM2 PDCM DCA; DS ACPI TM PBE.
        refused: [0, 0, bits([3, 4, 5, 6, 7, 8, 15, 18]), bits([21, 22, 29, 31])],
    },
    Features {
        leaf: 7,
        subleaf: 0,
        // FSGSBASE BMI1 AVX2 BMI2 ERMS AVX512F DQ RDSEED ADX IFMA CLFLUSHOPT CLWB PF ER CD SHA BW VL;
        // PREFETCHWT1 VBMI VBMI2 GFNI VAES VPCLMULQDQ VNNI BITALG VPOPCNTDQ RDPID CLDEMOTE MOVDIRI MOVDIR64B;
        // 4VNNIW 4FMAPS FSRM VP2INTERSECT SERIALIZE FP16.
        native: [
            0,
            bits([0, 3, 5, 8, 9, 16, 17, 18, 19, 21, 23, 24, 26, 27, 28, 29, 30, 31]),
            bits([0, 1, 6, 8, 9, 10, 11, 12, 14, 22, 25, 27, 28]),
            bits([2, 3, 4, 8, 14, 23]),
        ],
        // SGX, HLE, RTM, MPX; PKU OSPKE WAITPKG CET-SS LA57 SGX-LC PKS; UINTR CET-IBT AMX.
        refused: [0, bits([2, 4, 11, 14]), bits([3, 4, 5, 7, 16, 30, 31]), bits([5, 20, 22, 24, 25])],
    },
    Features {
        leaf: 7,
        subleaf: 1,
        // SHA512 SM3 SM4 AVX-VNNI AVX512-BF16 FZRM FSRS FSRC AVX-IFMA; AVX-VNNI-INT8 AVX-NE-CONVERT AVX-VNNI-INT16 PREFETCHI.
        native: [bits([0, 1, 2, 4, 5, 10, 11, 12, 23]), 0, 0, bits([4, 5, 10, 14])],
        // FRED LKGS HRESET LAM; AMX-COMPLEX UIRET-UIF CET-SSS APX.
        refused: [bits([17, 18, 21, 22, 26]), 0, 0, bits([8, 17, 18, 21])],
    },
    Features {
        leaf: 0xd,
        subleaf: 1,
        // XSAVEOPT XSAVEC XGETBV1.
        native: [bits([0, 1, 2]), 0, 0, 0],
        // XSAVES XFD; no supervisor components.
        refused: [bits([3, 4]), 0, u32::MAX, u32::MAX],
    },
    Features {
        leaf: 0x8000_0001,
        subleaf: 0,
        // LAHF LZCNT SSE4A MISALIGNSSE PREFETCHW XOP FMA4 TBM; SYSCALL NX MMXEXT RDTSCP LM 3DNOWEXT 3DNOW.
        native: [0, 0, bits([0, 5, 6, 7, 8, 11, 16, 21]), bits([11, 20, 22, 27, 29, 30, 31])],
        // SVM SKINIT IBS WDT LWP MONITORX.
        refused: [0, 0, bits([2, 10, 12, 13, 15, 29]), 0],
    },
    Features {
        leaf: 0x8000_0007,
        subleaf: 0,
        // Invariant TSC.
        native: [0, 0, 0, bits([8])],
        refused: [0; 4],
    },
    Features {
        leaf: 0x8000_0008,
        subleaf: 0,
        // CLZERO.
        native: [0, bits([0]), 0, 0],
        refused: [0; 4],
    },
];

/// Page-directory-pointer entries can map 1 GiB (leaf 0x8000_0001, EDX).
pub(super) const HUGE_PAGES: u32 = bits([26]);
/// WRFSBASE and its relatives (leaf 7, EBX).
pub(super) const FSGSBASE: u32 = bits([0]);
/// RDPID (leaf 7, ECX).
pub(super) const RDPID: u32 = bits([22]);

/// Changes `entry` by `features`; what is native is added from `host` when that is given.
pub(super) fn apply(entry: &mut kvm_cpuid_entry2, features: &Features, host: Option<CpuidResult>) {
    let registers = [&mut entry.eax, &mut entry.ebx, &mut entry.ecx, &mut entry.edx];
    let host = host.map_or([0; 4], |host| [host.eax, host.ebx, host.ecx, host.edx]);
    for (index, register) in registers.into_iter().enumerate() {
        *register |= host[index] & features.native[index];
        *register &= !features.refused[index];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_both_offered_and_refused() {
        for features in FEATURES {
            for register in 0..4 {
                assert_eq!(features.native[register] & features.refused[register], 0, "leaf {:#x}", features.leaf);
            }
        }
    }

    #[test]
    fn only_known_features_come_from_the_processor() {
        let mut entry = kvm_cpuid_entry2 { function: 7, ..kvm_cpuid_entry2::default() };
        let host = CpuidResult { eax: u32::MAX, ebx: u32::MAX, ecx: u32::MAX, edx: u32::MAX };
        apply(&mut entry, &FEATURES[1], Some(host));
        assert_eq!(entry.ebx, FEATURES[1].native[1]);
        apply(&mut entry, &FEATURES[1], None);
        assert_eq!(entry.ebx, FEATURES[1].native[1]);
    }
}
