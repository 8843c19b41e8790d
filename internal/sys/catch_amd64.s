#include "textflag.h"

// The handler of signals that are sent: it has the signal's number in DI, and no Go
// around it.
TEXT caught<>(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	SUBQ	$8, SP
	MOVB	DI, 0(SP)
	MOVL	·caughtTo(SB), DI
	MOVQ	SP, SI
	MOVL	$1, DX
	MOVL	$1, AX	// write
	SYSCALL
	ADDQ	$8, SP
	RET

// What the handler returns to.
TEXT resume<>(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	MOVL	$15, AX	// rt_sigreturn
	SYSCALL
	INT	$3

// The handler of signals that may be faults: SI is a siginfo_t, whose si_code is
// positive if the kernel sends it.
TEXT caughtFault<>(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	CMPL	8(SI), $0
	JLE	sent
	MOVQ	·goHandler(SB), AX
	JMP	AX
sent:
	JMP	caught<>(SB)

// func caughtHandlers() (sent, fault, restorer uintptr)
TEXT ·caughtHandlers(SB),NOSPLIT,$0-24
	LEAQ	caught<>(SB), AX
	MOVQ	AX, sent+0(FP)
	LEAQ	caughtFault<>(SB), AX
	MOVQ	AX, fault+8(FP)
	LEAQ	resume<>(SB), AX
	MOVQ	AX, restorer+16(FP)
	RET
