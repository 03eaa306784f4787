//! Copying and filling memory, as the compiler asks for it.
//!
//! The compiler's own routines for a bare target use the processor's string instructions, which take some 30 nanoseconds to begin. Nearly
//! all that the LWK copies are a few words: descriptors, requests, structures that are passed on. These go word by word; long runs still
//! go by the string instructions, which are the fastest there.
#![allow(unsafe_code)]

use core::arch::global_asm;

/// From here on the string instructions are faster.
const LONG: usize = 768;

global_asm!(
    r#"
    .global memcpy
    .type memcpy, @function
    .balign 32
memcpy:
    mov rax, rdi
    cmp rdx, 16
    jb 3f
    cmp rdx, {LONG}
    ja 2f
    // The last 16 bytes are copied at the end, from registers; what comes before in steps of 16.
    mov r8, [rsi + rdx - 16]
    mov r9, [rsi + rdx - 8]
    lea r10, [rdi + rdx - 16]
1:
    cmp rdi, r10
    jae 4f
    mov rcx, [rsi]
    mov r11, [rsi + 8]
    mov [rdi], rcx
    mov [rdi + 8], r11
    add rsi, 16
    add rdi, 16
    jmp 1b
4:
    mov [r10], r8
    mov [r10 + 8], r9
    ret
2:
    mov rcx, rdx
    rep movsb
    ret
3:
    cmp edx, 8
    jb 5f
    mov rcx, [rsi]
    mov r8, [rsi + rdx - 8]
    mov [rdi], rcx
    mov [rdi + rdx - 8], r8
    ret
5:
    cmp edx, 4
    jb 6f
    mov ecx, [rsi]
    mov r8d, [rsi + rdx - 4]
    mov [rdi], ecx
    mov [rdi + rdx - 4], r8d
    ret
6:
    test edx, edx
    jz 7f
    // One to three bytes: the first, the middle one and the last.
    mov r9, rdx
    shr r9, 1
    movzx ecx, byte ptr [rsi]
    movzx r8d, byte ptr [rsi + r9]
    movzx r10d, byte ptr [rsi + rdx - 1]
    mov [rdi], cl
    mov [rdi + r9], r8b
    mov [rdi + rdx - 1], r10b
7:
    ret

    .global memmove
    .type memmove, @function
    .balign 32
memmove:
    // Forwards, and up to 15 bytes at once, nothing is overwritten before it has been read unless it begins inside the source.
    mov r8, rdi
    sub r8, rsi
    cmp r8, rdx
    jae memcpy
    cmp rdx, 16
    jb memcpy
    // As above from the end on: the first 16 bytes are copied last.
    mov rax, rdi
    mov r8, [rsi]
    mov r9, [rsi + 8]
    lea r10, [rdi + 16]
    add rsi, rdx
    add rdi, rdx
1:
    cmp rdi, r10
    jbe 4f
    sub rsi, 16
    sub rdi, 16
    mov rcx, [rsi]
    mov r11, [rsi + 8]
    mov [rdi], rcx
    mov [rdi + 8], r11
    jmp 1b
4:
    mov [rax], r8
    mov [rax + 8], r9
    ret

    .global memset
    .type memset, @function
    .balign 32
memset:
    mov r9, rdi
    movzx eax, sil
    cmp rdx, {LONG}
    ja 2f
    movabs rcx, 0x0101010101010101
    imul rax, rcx
    cmp rdx, 16
    jb 3f
    lea r10, [rdi + rdx - 16]
1:
    cmp rdi, r10
    jae 4f
    mov [rdi], rax
    mov [rdi + 8], rax
    add rdi, 16
    jmp 1b
4:
    mov [r10], rax
    mov [r10 + 8], rax
    mov rax, r9
    ret
2:
    mov rcx, rdx
    rep stosb
    mov rax, r9
    ret
3:
    cmp edx, 8
    jb 5f
    mov [rdi], rax
    mov [rdi + rdx - 8], rax
    mov rax, r9
    ret
5:
    cmp edx, 4
    jb 6f
    mov [rdi], eax
    mov [rdi + rdx - 4], eax
    mov rax, r9
    ret
6:
    test edx, edx
    jz 7f
    mov rcx, rdx
    shr rcx, 1
    mov [rdi], al
    mov [rdi + rcx], al
    mov [rdi + rdx - 1], al
7:
    mov rax, r9
    ret
"#,
    LONG = const LONG,
);
