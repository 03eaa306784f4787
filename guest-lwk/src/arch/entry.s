.macro SAVE_REGISTERS
    mov [rsp + {RAX}], rax
    mov [rsp + {RBX}], rbx
    mov [rsp + {RCX}], rcx
    mov [rsp + {RDX}], rdx
    mov [rsp + {RSI}], rsi
    mov [rsp + {RDI}], rdi
    mov [rsp + {RBP}], rbp
    mov [rsp + {R8}], r8
    mov [rsp + {R9}], r9
    mov [rsp + {R10}], r10
    mov [rsp + {R11}], r11
    mov [rsp + {R12}], r12
    mov [rsp + {R13}], r13
    mov [rsp + {R14}], r14
    mov [rsp + {R15}], r15
.endm

.macro LOAD_PRESERVED_REGISTERS
    mov rax, [rsp + {RAX}]
    mov rbx, [rsp + {RBX}]
    mov rdx, [rsp + {RDX}]
    mov rsi, [rsp + {RSI}]
    mov rdi, [rsp + {RDI}]
    mov rbp, [rsp + {RBP}]
    mov r8, [rsp + {R8}]
    mov r9, [rsp + {R9}]
    mov r10, [rsp + {R10}]
    mov r12, [rsp + {R12}]
    mov r13, [rsp + {R13}]
    mov r14, [rsp + {R14}]
    mov r15, [rsp + {R15}]
.endm

// From a handler to the LWK: rsp is worth nothing any more, every other register is the program's.
.macro TO_LWK mode, target, return_frame
.if \mode
    lea rsp, [rip + entry_\mode + \return_frame]
    iretq
.else
    jmp \target
.endif
.endm

.macro EXCEPTION mode, vector, has_error
    .balign {HANDLER_BYTES}
.if \mode
.if \vector == 3
    cmp dword ptr [rsp + 4], {LWK_HIGH}
    jb 2f
    jmp rax
2:
.endif
.endif
.if \has_error == 0
    push 0
.endif
    push \vector
.if \vector == 14
    push rax
    mov rax, cr2
    mov [rip + entry_\mode + {FAULT_ADDRESS}], rax
    pop rax
.endif
    TO_LWK \mode, exception_\mode, {TO_EXCEPTION}
.endm

.macro INTERRUPT mode, vector, bit
    .balign {HANDLER_BYTES}
    cmp dword ptr [rsp + 4], {LWK_HIGH}
    jae 2f
    mov qword ptr [rip + entry_\mode + {INTERRUPT_VECTOR}], \vector
    jmp interrupt_program_\mode
2:
    or qword ptr [rip + entry_\mode + {PENDING}], \bit
    jmp interrupt_lwk_\mode
.endm

.macro END_OF_INTERRUPT
    push rax
    push rcx
    push rdx
    mov ecx, 0x80b
    xor eax, eax
    xor edx, edx
    wrmsr
.endm

// Is there anything left to do before the program runs? Another vCPU first says what it wants and then looks whether we
// are in the program; so we first say that we are, and XCHG keeps the order.
.macro LAST_LOOK mode
    mov eax, 1
    xchg [rip + entry_\mode + {IN_PROGRAM}], rax
    mov rax, [rip + entry_\mode + {PENDING}]
    or rax, [rip + entry_\mode + {REMOTE}]
    jnz pending_\mode
.endm

// What SYSCALL would have left, as SAVE_REGISTERS cannot know it: RSI is the address of the trampoline's tail.
.macro REST_OF_CONTEXT mode
    mov rcx, [rsi - 8]
    mov [rsp + {RIP}], rcx
    mov [rsp + {RCX}], rcx
    mov rcx, [rsp + {RFLAGS}]
    mov [rsp + {R11}], rcx
    mov rcx, [rip + entry_\mode + {USER_RSP}]
    mov [rsp + {RSP}], rcx
.endm

.macro SAVE_CALLERS_REGISTERS
    mov [rsp + {RDX}], rdx
    mov [rsp + {RSI}], rsi
    mov [rsp + {RDI}], rdi
    mov [rsp + {R8}], r8
    mov [rsp + {R9}], r9
    mov [rsp + {R10}], r10
.endm

.macro LOAD_CALLERS_REGISTERS
    mov rdx, [rsp + {RDX}]
    mov rsi, [rsp + {RSI}]
    mov rdi, [rsp + {RDI}]
    mov r8, [rsp + {R8}]
    mov r9, [rsp + {R9}]
    mov r10, [rsp + {R10}]
.endm

// Serves the call, unless its handler says that it needs the long way, on which the program then is.
.macro QUICK_CALL mode
    SAVE_CALLERS_REGISTERS
    mov rdi, rsp
    mov rsp, [rip + entry_\mode + {STACK_TOP}]
    call [rip + entry_\mode + {QUICK_CALL_HANDLER}]
    movabs rcx, {NOT_NOW}
    mov rsp, [rip + entry_\mode + {CONTEXT}]
    cmp rax, rcx
    jne 2f
    LOAD_CALLERS_REGISTERS
    mov rax, [rsp + {RAX}]
    jmp long_call_\mode
2:
    mov [rsp + {RAX}], rax
    jmp quick_window_\mode
.endm

.macro ENTRY_CODE mode
    .balign 4096
entry_\mode:

// A system call of the program.
    .balign 64
system_call_\mode:
    mov [rip + entry_\mode + {USER_RSP}], rsp
.if \mode
    mov [rip + entry_\mode + {ENTRY_CS}], cs
    test byte ptr [rip + entry_\mode + {ENTRY_CS}], 3
    jnz system_call_lwk_\mode
    lea rsp, [rip + entry_\mode + {TO_SYSTEM_CALL}]
    iretq
.endif
system_call_lwk_\mode:
    mov qword ptr [rip + entry_\mode + {IN_PROGRAM}], 0
    mov rsp, [rip + entry_\mode + {CONTEXT}]
    SAVE_REGISTERS
    mov [rsp + {ORIGINAL_RAX}], rax
    mov [rsp + {RIP}], rcx
    mov [rsp + {RFLAGS}], r11
    mov rax, [rip + entry_\mode + {USER_RSP}]
    mov [rsp + {RSP}], rax
    xor esi, esi
    mov rdi, rsp
    mov rsp, [rip + entry_\mode + {STACK_TOP}]
    cld
    call [rip + entry_\mode + {SYSTEM_CALL_HANDLER}]
    jmp rax

.if \mode
// The same from a trampoline: RCX is the address of its tail, in front of which stands the address behind the system call. The flags
// are still the program's: they are saved first, and TF and AC, which would disturb the LWK, are cleared if they are set.
rewritten_call_\mode:
    mov [rip + entry_\mode + {USER_RSP}], rsp
    mov rsp, [rip + entry_\mode + {CONTEXT}]
    lea rsp, [rsp + {RFLAGS} + 8]
    pushfq
    lea rsp, [rsp - {RFLAGS}]
    mov [rsp + {TAIL}], rcx
    mov [rsp + {RAX}], rax
    cmp rax, {QUICK_NUMBERS}
    jae long_call_\mode
    mov ecx, eax
    shr ecx, 6
    lea r11, [rip + entry_\mode + {QUICK_CALLS}]
    mov rcx, [r11 + rcx * 8]
    bt rcx, rax
    jnc long_call_\mode
    test dword ptr [rsp + {RFLAGS}], 0x40500
    jnz long_call_\mode
    QUICK_CALL \mode

// Every register is the program's but RCX, R11 and RSP, which is the context's address.
long_call_\mode:
    SAVE_REGISTERS
    mov [rsp + {ORIGINAL_RAX}], rax
    mov rsi, [rsp + {TAIL}]
    REST_OF_CONTEXT \mode
    mov qword ptr [rip + entry_\mode + {IN_PROGRAM}], 0
    mov eax, [rsp + {RFLAGS}]
    mov rdi, rsp
    mov rsp, [rip + entry_\mode + {STACK_TOP}]
    test eax, 0x40100
    jz 2f
    push 0x202
    popfq
2:
    cld
    call [rip + entry_\mode + {SYSTEM_CALL_HANDLER}]
    jmp rax

// A quick call is over, and something came up meanwhile: it is as if the program had been interrupted behind it.
quick_call_late_\mode:
    mov rsp, [rip + entry_\mode + {CONTEXT}]
    mov [rsp + {RBX}], rbx
    mov [rsp + {RBP}], rbp
    mov [rsp + {R12}], r12
    mov [rsp + {R13}], r13
    mov [rsp + {R14}], r14
    mov [rsp + {R15}], r15
    mov rsi, [rsp + {TAIL}]
    REST_OF_CONTEXT \mode
    mov qword ptr [rsp + {ORIGINAL_RAX}], -1
    jmp pending_\mode
.endif

// Back to the program after a quick call. Of the flags, those for comparisons have changed: SAHF sets all but OF, which an addition does.
.if \mode
quick_window_\mode:
    mov rcx, [rip + entry_\mode + {PENDING}]
    or rcx, [rip + entry_\mode + {REMOTE}]
    jnz quick_call_late_\mode
    LOAD_CALLERS_REGISTERS
    mov rcx, [rsp + {TAIL}]
    mov r11, [rsp + {RFLAGS}]
    mov al, [rsp + {RFLAGS} + 1]
    mov ah, [rsp + {RFLAGS}]
    and al, 8
    add al, 0x78
    sahf
    mov rax, [rsp + {RAX}]
    mov rsp, [rip + entry_\mode + {USER_RSP}]
    jmp rcx
quick_window_end_\mode:
    .set quick_window_bytes_\mode, quick_window_end_\mode - quick_window_\mode
.endif

// Back to the program after a system call: RCX and R11 are lost, as on any x86-64 Linux.
return_window_\mode:
    LAST_LOOK \mode
    mov rsp, [rip + entry_\mode + {CONTEXT}]
    LOAD_PRESERVED_REGISTERS
    mov rcx, [rsp + {RIP}]
    mov r11, [rsp + {RFLAGS}]
.if \mode
    lea rsp, [rsp + {RFLAGS}]
    popfq
    mov rsp, [rsp]
    jmp rcx
.else
    mov rsp, [rsp + {RSP}]
    sysretq
.endif

// Back to the program by a trampoline, which sets RCX.
.if \mode
return_rewritten_\mode:
    LAST_LOOK \mode
    mov rsp, [rip + entry_\mode + {CONTEXT}]
    LOAD_PRESERVED_REGISTERS
    mov rcx, [rsp + {TAIL}]
    mov r11, [rsp + {RFLAGS}]
    lea rsp, [rsp + {RFLAGS}]
    popfq
    mov rsp, [rsp]
    jmp rcx
.endif

// Back to the program with every register.
return_full_\mode:
    LAST_LOOK \mode
    mov rsp, [rip + entry_\mode + {CONTEXT}]
    LOAD_PRESERVED_REGISTERS
    mov rcx, [rsp + {RCX}]
    mov r11, [rsp + {R11}]
    lea rsp, [rsp + {RIP}]
    iretq
return_window_end_\mode:
.if \mode
    .set window_bytes_\mode, return_window_end_\mode - quick_window_\mode
.endif

// Something came up while the LWK was running.
pending_\mode:
    mov qword ptr [rip + entry_\mode + {IN_PROGRAM}], 0
    mov rdi, [rip + entry_\mode + {CONTEXT}]
    mov rsp, [rip + entry_\mode + {STACK_TOP}]
    mov esi, {PENDING_VECTOR}
    call [rip + entry_\mode + {TRAP_HANDLER}]
    jmp rax

exception_\mode:
    mov qword ptr [rip + entry_\mode + {IN_PROGRAM}], 0
    mov rsp, [rip + entry_\mode + {CONTEXT}]
    SAVE_REGISTERS
    mov rsi, [rip + entry_\mode + {EXCEPTION_FRAME}]
    mov rdx, [rip + entry_\mode + {EXCEPTION_FRAME} + 8]
    mov rax, [rip + entry_\mode + {EXCEPTION_FRAME} + 16]
    mov [rsp + {RIP}], rax
    mov rax, [rip + entry_\mode + {EXCEPTION_FRAME} + 32]
    mov [rsp + {RFLAGS}], rax
    mov rax, [rip + entry_\mode + {EXCEPTION_FRAME} + 40]
    mov [rsp + {RSP}], rax
    mov rcx, [rip + entry_\mode + {FAULT_ADDRESS}]
    jmp trap_\mode

interrupt_\mode:
    mov qword ptr [rip + entry_\mode + {IN_PROGRAM}], 0
    mov rsp, [rip + entry_\mode + {CONTEXT}]
    SAVE_REGISTERS
    mov rsi, [rip + entry_\mode + {INTERRUPT_VECTOR}]
    xor edx, edx
    xor ecx, ecx
    mov rax, [rip + entry_\mode + {INTERRUPTED_RIP}]
    mov [rsp + {RIP}], rax
    mov rax, [rip + entry_\mode + {INTERRUPTED_RFLAGS}]
    mov [rsp + {RFLAGS}], rax
    mov rax, [rip + entry_\mode + {INTERRUPTED_RSP}]
    mov [rsp + {RSP}], rax

trap_\mode:
    mov qword ptr [rsp + {ORIGINAL_RAX}], -1
    mov rdi, rsp
    mov rsp, [rip + entry_\mode + {STACK_TOP}]
    cld
    call [rip + entry_\mode + {TRAP_HANDLER}]
    jmp rax

// An interrupt hit the program: keep its frame, another interrupt may follow at once.
interrupt_program_\mode:
    pop qword ptr [rip + entry_\mode + {INTERRUPTED_RIP}]
    pop qword ptr [rip + entry_\mode + {INTERRUPTED_CS}]
    pop qword ptr [rip + entry_\mode + {INTERRUPTED_RFLAGS}]
    pop qword ptr [rip + entry_\mode + {INTERRUPTED_RSP}]
    pop qword ptr [rip + entry_\mode + {INTERRUPTED_SS}]
    END_OF_INTERRUPT
    pop rdx
    pop rcx
    pop rax
    TO_LWK \mode, interrupt_\mode, {TO_INTERRUPT}

// An interrupt hit the LWK. In ring3 mode, if that was about to return, it must look at `pending` again; the window of quick calls
// lies in front of the other. In ring0 mode it was halting; if HLT has not begun (QEMU's SVM before 9.1 lets interrupts in behind
// STI), it must not begin any more.
interrupt_lwk_\mode:
    END_OF_INTERRUPT
    mov rcx, [rsp + 24]
.if \mode
    lea rax, [rip + quick_window_\mode]
    sub rcx, rax
    cmp rcx, offset window_bytes_\mode
    jae 2f
    lea rax, [rip + return_full_\mode]
    cmp rcx, offset quick_window_bytes_\mode
    jae 3f
    lea rax, [rip + quick_call_late_\mode]
3:
    mov [rsp + 24], rax
.else
    lea rax, [rip + halt_\mode]
    cmp rcx, rax
    jne 2f
    inc qword ptr [rsp + 24]
.endif
2:
    pop rdx
    pop rcx
    pop rax
spurious_\mode:
    iretq

// What the gate offers; see arch/privileged.rs.
gate_load_cr3_\mode:
    mov cr3, rdi
    iretq
gate_invalidate_\mode:
    invlpg [rdi]
    iretq
gate_write_msr_\mode:
    mov ecx, edi
    mov eax, esi
    wrmsr
    iretq
gate_halt_\mode:
    cmp qword ptr [rip + entry_\mode + {PENDING}], 0
    jne 2f
    sti
halt_\mode:
    hlt
2:
.if \mode
    iretq
.else
    cli
    ret
.endif

    .balign {HANDLER_BYTES}
exceptions_\mode:
    EXCEPTION \mode, 0, 0
    EXCEPTION \mode, 1, 0
    EXCEPTION \mode, 2, 0
    EXCEPTION \mode, 3, 0
    EXCEPTION \mode, 4, 0
    EXCEPTION \mode, 5, 0
    EXCEPTION \mode, 6, 0
    EXCEPTION \mode, 7, 0
    EXCEPTION \mode, 8, 1
    EXCEPTION \mode, 9, 0
    EXCEPTION \mode, 10, 1
    EXCEPTION \mode, 11, 1
    EXCEPTION \mode, 12, 1
    EXCEPTION \mode, 13, 1
    EXCEPTION \mode, 14, 1
    EXCEPTION \mode, 15, 0
    EXCEPTION \mode, 16, 0
    EXCEPTION \mode, 17, 1
    EXCEPTION \mode, 18, 0
    EXCEPTION \mode, 19, 0
    EXCEPTION \mode, 20, 0
    EXCEPTION \mode, 21, 1
    EXCEPTION \mode, 22, 0
    EXCEPTION \mode, 23, 0
    EXCEPTION \mode, 24, 0
    EXCEPTION \mode, 25, 0
    EXCEPTION \mode, 26, 0
    EXCEPTION \mode, 27, 0
    EXCEPTION \mode, 28, 0
    EXCEPTION \mode, 29, 1
    EXCEPTION \mode, 30, 1
    EXCEPTION \mode, 31, 0
    .balign {HANDLER_BYTES}
interrupts_\mode:
    INTERRUPT \mode, 0x40, 1
    INTERRUPT \mode, 0x41, 2
    INTERRUPT \mode, 0x42, 4
entry_end_\mode:
.endm

    .section .rodata.entry_code, "a"
    ENTRY_CODE 0
    ENTRY_CODE 3

.macro ENTRY_CODE_HEADER mode
    .quad entry_\mode
    .quad entry_end_\mode - entry_\mode
    .quad system_call_\mode - entry_\mode
    .quad exceptions_\mode - entry_\mode
    .quad interrupts_\mode - entry_\mode
    .quad spurious_\mode - entry_\mode
    .quad exception_\mode - entry_\mode
    .quad interrupt_\mode - entry_\mode
    .quad system_call_lwk_\mode - entry_\mode
.endm

.macro ENTRY_PLACES mode
    .quad return_window_\mode - entry_\mode
    .quad return_full_\mode - entry_\mode
    .quad gate_load_cr3_\mode - entry_\mode
    .quad gate_invalidate_\mode - entry_\mode
    .quad gate_write_msr_\mode - entry_\mode
    .quad gate_halt_\mode - entry_\mode
.if \mode
    .quad return_rewritten_\mode - entry_\mode
    .quad rewritten_call_\mode - entry_\mode
.else
    .quad 0, 0
.endif
.endm

    .balign 8
    .global lwk_entry_places
lwk_entry_places:
    ENTRY_PLACES 0
    ENTRY_PLACES 3

// virtio_ikc::boot::ImageHeader
    .section .lwk.header, "a"
    .quad {IMAGE_MAGIC}
    .quad {VERSION}
    .quad lwk_start
    ENTRY_CODE_HEADER 0
    ENTRY_CODE_HEADER 3
    .text
