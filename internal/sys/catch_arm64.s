#include "textflag.h"

// The handler of signals that are sent: it has the signal's number in R0, and no Go
// around it.
TEXT caught<>(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	SUB	$16, RSP
	MOVB	R0, 0(RSP)
	MOVW	·caughtTo(SB), R0
	MOVD	RSP, R1
	MOVD	$1, R2
	MOVD	$64, R8	// write
	SVC
	ADD	$16, RSP
	RET

// What the handler returns to.
TEXT resume<>(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	MOVD	$139, R8	// rt_sigreturn
	SVC
	BRK

// The handler of signals that may be faults: R1 is a siginfo_t, whose si_code is
// positive if the kernel sends it.
TEXT caughtFault<>(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	MOVW	8(R1), R3
	CMPW	$0, R3
	BLE	sent
	MOVD	·goHandler(SB), R3
	JMP	(R3)
sent:
	JMP	caught<>(SB)

// func caughtHandlers() (sent, fault, restorer uintptr)
TEXT ·caughtHandlers(SB),NOSPLIT,$0-24
	MOVD	$caught<>(SB), R0
	MOVD	R0, sent+0(FP)
	MOVD	$caughtFault<>(SB), R0
	MOVD	R0, fault+8(FP)
	MOVD	$resume<>(SB), R0
	MOVD	R0, restorer+16(FP)
	RET
