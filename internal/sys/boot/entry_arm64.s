#include "go_asm.h"
#include "textflag.h"

DATA	oneProcessor<>+0(SB)/8, $"GOMAXPRO"
DATA	oneProcessor<>+8(SB)/8, $"CS=01\x00\x00\x00"
GLOBL	oneProcessor<>(SB), RODATA|NOPTR, $16

// Where the kernel begins the program. On the stack are the number of arguments, the
// arguments, a NULL, the environment, a NULL and the auxiliary vector; nothing is in
// the registers.
TEXT fsrun_boot(SB),NOSPLIT|NOFRAME,$0
	MOVD	$1, R0
	MOVB	R0, ·entered(SB)
	MOVD	·samplingRate(SB), R0
	MOVD	ZR, 0(R0)

	MOVD	$const_prctl, R8
	MOVD	$const_setSlack, R0
	MOVD	$const_monitorSlack, R1
	SVC

	// The soft limit of open files, not the hard one, goes down.
	MOVD	$const_getrlimit, R8
	MOVD	$const_openFiles, R0
	MOVD	·callersLimit(SB), R1
	SVC
	MOVD	·callersLimit(SB), R3
	MOVD	const_softOffset(R3), R4
	CMP	$const_fewFiles, R4
	BLS	limited
	SUB	$16, RSP
	MOVD	$const_fewFiles, R4
	MOVD	R4, 0(RSP)
	MOVD	const_hardOffset(R3), R4
	MOVD	R4, 8(RSP)
	MOVD	$const_setrlimit, R8
	MOVD	$const_openFiles, R0
	MOVD	RSP, R1
	SVC
	ADD	$16, RSP
	CBNZ	R0, limited
	MOVD	$1, R4
	MOVB	R4, const_loweredOffset(R3)
limited:

	// From the first page of the code, which may be one of 64 KiB, to the end of the
	// constants; errors, of kernels before Linux 5.14, do not matter.
	MOVD	$const_madvise, R8
	MOVD	$runtime·text(SB), R0
	AND	$~65535, R0
	MOVD	$runtime·pclntab(SB), R1
	SUB	R0, R1
	MOVD	$const_populate, R2
	SVC

	// Everything before the NULL that ends the environment moves down by two words,
	// since the stack is to stay aligned to two; both then hold the one string.
	MOVD	RSP, R1
	SUB	$16, RSP
	MOVD	RSP, R2
	MOVD	0(R1), R3
	ADD	$2, R3	// the number, the arguments and the NULL
arguments:
	MOVD.P	8(R1), R4
	MOVD.P	R4, 8(R2)
	SUBS	$1, R3
	BNE	arguments
environment:
	MOVD.P	8(R1), R4
	CBZ	R4, append
	MOVD.P	R4, 8(R2)
	B	environment
append:
	MOVD	$oneProcessor<>(SB), R4
	MOVD	R4, 0(R2)
	MOVD	R4, 8(R2)
	B	_rt0_arm64_linux(SB)
