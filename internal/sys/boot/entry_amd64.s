#include "go_asm.h"
#include "textflag.h"

DATA	oneProcessor<>+0(SB)/8, $"GOMAXPRO"
DATA	oneProcessor<>+8(SB)/8, $"CS=01\x00\x00\x00"
GLOBL	oneProcessor<>(SB), RODATA|NOPTR, $16

// Where the kernel begins the program. On the stack are the number of arguments, the
// arguments, a NULL, the environment, a NULL and the auxiliary vector; nothing is in
// the registers.
TEXT fsrun_boot(SB),NOSPLIT|NOFRAME,$0
	MOVB	$1, ·entered(SB)
	MOVQ	·samplingRate(SB), AX
	MOVQ	$0, 0(AX)

	MOVL	$const_prctl, AX
	MOVL	$const_setSlack, DI
	MOVL	$const_monitorSlack, SI
	SYSCALL

	// The soft limit of open files, not the hard one, goes down; the pair for the kernel
	// is below the stack, where no signal handler exists yet to overwrite it.
	MOVL	$const_getrlimit, AX
	MOVL	$const_openFiles, DI
	MOVQ	·callersLimit(SB), SI
	SYSCALL
	MOVQ	·callersLimit(SB), BX
	CMPQ	const_softOffset(BX), $const_fewFiles
	JLS	limited
	MOVQ	$const_fewFiles, -16(SP)
	MOVQ	const_hardOffset(BX), AX
	MOVQ	AX, -8(SP)
	MOVL	$const_setrlimit, AX
	LEAQ	-16(SP), SI
	SYSCALL
	TESTQ	AX, AX
	JNE	limited
	MOVB	$1, const_loweredOffset(BX)
limited:

	// From the first page of the code to the end of the constants; errors, of kernels
	// before Linux 5.14, do not matter.
	MOVL	$const_madvise, AX
	MOVQ	$runtime·text(SB), DI
	ANDQ	$~4095, DI
	MOVQ	$runtime·pclntab(SB), SI
	SUBQ	DI, SI
	MOVL	$const_populate, DX
	SYSCALL

	// Everything before the NULL that ends the environment moves down by two words,
	// since the stack is to stay aligned to two; both then hold the one string.
	MOVQ	SP, SI
	SUBQ	$16, SP
	MOVQ	SP, DI
	MOVQ	0(SI), CX
	ADDQ	$2, CX	// the number, the arguments and the NULL
arguments:
	MOVQ	0(SI), AX
	MOVQ	AX, 0(DI)
	ADDQ	$8, SI
	ADDQ	$8, DI
	DECQ	CX
	JNE	arguments
environment:
	MOVQ	0(SI), AX
	TESTQ	AX, AX
	JEQ	append
	MOVQ	AX, 0(DI)
	ADDQ	$8, SI
	ADDQ	$8, DI
	JMP	environment
append:
	MOVQ	$oneProcessor<>(SB), AX
	MOVQ	AX, 0(DI)
	MOVQ	AX, 8(DI)
	JMP	_rt0_amd64_linux(SB)
