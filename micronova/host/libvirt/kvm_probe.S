# A boot sector that behaves like a kernel for a moment; kvm_probe.py runs it and reads COM1.
#
#   R  real mode          L  long mode, with paging       G  an MSR was written, and is used
#   0  ring 0             .  the timer's interrupt came, and the guest was woken from hlt
#   then 64 MiB are moved by string instructions: milliseconds on hardware that runs guests, minutes where the
#   hypervisor emulates a kernel one instruction at a time; and the last line says that all this worked.
#
# as -o kvm_probe.o kvm_probe.S && ld -Ttext 0x7c00 --oformat binary -o kvm_probe.bin kvm_probe.o
        .code16
        .globl _start
_start: cli
        xorw %ax,%ax
        movw %ax,%ds
        movw %ax,%es
        movw %ax,%ss
        movw $0x7c00,%sp
        movb $'R',%al
        movw $0x3f8,%dx
        outb %al,%dx
        # page tables at 0x1000: PML4 0x1000, PDPT 0x2000, PD 0x3000 (one 2 MiB page)
        xorw %ax,%ax
        cld
        movw $0x1000,%di
        movw $0x1800,%cx
        rep stosw
        movw $0x2003,0x1000
        movw $0x3003,0x2000
        movw $0x0083,0x3000
        movl %cr4,%eax
        orl $0x20,%eax
        movl %eax,%cr4
        movl $0x1000,%eax
        movl %eax,%cr3
        movl $0xc0000080,%ecx
        rdmsr
        orl $0x100,%eax
        wrmsr
        lgdt gdtr
        movl %cr0,%eax
        orl $0x80000001,%eax
        movl %eax,%cr0
        ljmp $8,$long
        .code64
long:   movl $0x10,%eax
        movl %eax,%ds
        movl %eax,%es
        movl %eax,%ss
        movl $0x7c00,%esp
        movb $'L',%al
        movw $0x3f8,%dx
        outb %al,%dx
        # GS base: written and read back
        movl $0xc0000101,%ecx
        xorl %edx,%edx
        movl $0x5000,%eax
        wrmsr
        movb $'G',%gs:0
        movb 0x5000,%al
        movw $0x3f8,%dx
        outb %al,%dx
        # IDT gate for vector 0x20 at 0x4000
        movl $0x4200,%edi
        movl $tick,%eax
        movw %ax,(%rdi)
        movw $8,2(%rdi)
        movw $0x8e00,4(%rdi)
        movl $0,6(%rdi)
        movl $0,10(%rdi)
        lidt idtr
        # PIC: vectors from 0x20, only the timer
        movb $0x11,%al
        outb %al,$0x20
        movb $0x20,%al
        outb %al,$0x21
        movb $4,%al
        outb %al,$0x21
        movb $1,%al
        outb %al,$0x21
        movb $0xfe,%al
        outb %al,$0x21
        # PIT channel 0: 11932 = 100 Hz
        movb $0x34,%al
        outb %al,$0x43
        movb $0x9c,%al
        outb %al,$0x40
        movb $0x2e,%al
        outb %al,$0x40
        xorl %ebx,%ebx
        # what a kernel reads from its own flags and segment: ring 0, and popf keeps IF
        movl %cs,%eax
        andl $3,%eax
        addb $'0',%al
        movw $0x3f8,%dx
        outb %al,%dx
        sti
1:      hlt
        cmpl $3,%ebx
        jb 1b
        # 256 times 256 KiB
        movl $256,%ebp
4:      movl $0x8000,%esi
        movl $0x100000,%edi
        movl %esi,%ecx
        rep movsq
        decl %ebp
        jnz 4b
        cli
        movl $msg,%esi
        movw $0x3f8,%dx
2:      lodsb
        testb %al,%al
        jz 3f
        outb %al,%dx
        jmp 2b
3:      hlt
        jmp 3b
tick:   pushq %rax
        pushq %rdx
        incl %ebx
        movb $'.',%al
        movw $0x3f8,%dx
        outb %al,%dx
        movb $0x20,%al
        outb %al,$0x20
        popq %rdx
        popq %rax
        iretq
msg:    .asciz " micronova: a guest runs\n"
        .balign 8
gdt:    .quad 0
        .quad 0x00af9a000000ffff
        .quad 0x00cf92000000ffff
gdtr:   .word 23
        .long gdt
idtr:   .word 0x20f
        .quad 0x4000
        .org 510
        .word 0xaa55
