/* From reset to `main`: a painted stack, and zeros where statics begin as such. */
.section .init, "ax"
.globl _start
_start:
    la sp, _stack_start
    la t0, _stack_end
    li t1, 0xcccccccc
1:  sw t1, 0(t0)
    addi t0, t0, 4
    bltu t0, sp, 1b
    la t0, _bss_start
    la t1, _bss_end
2:  bgeu t0, t1, 3f
    sw zero, 0(t0)
    addi t0, t0, 4
    j 2b
3:  la t0, 4f
    csrw mtvec, t0
    call main
/* A fault stops here. */
.balign 4
4:  j 4b
