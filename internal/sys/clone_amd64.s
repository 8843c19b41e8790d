#include "textflag.h"

// func runClone(arguments *cloneArguments, size uintptr, calls *call, count uintptr, told *report) (pid, errno uintptr)
TEXT ·runClone(SB),NOSPLIT,$0-56
	MOVQ	arguments+0(FP), DI
	MOVQ	size+8(FP), SI
	MOVQ	calls+16(FP), R12
	MOVQ	count+24(FP), R13
	MOVQ	told+32(FP), BX
	MOVL	$435, AX	// clone3
	SYSCALL
	CMPQ	AX, $0xfffffffffffff001
	JCC	refused
	TESTQ	AX, AX
	JEQ	clone
	MOVQ	AX, pid+40(FP)
	MOVQ	$0, errno+48(FP)
	RET
refused:
	NEGQ	AX
	MOVQ	$0, pid+40(FP)
	MOVQ	AX, errno+48(FP)
	RET

	// The clone, from here on: registers only.
	// R12 the call, R13 how many are left, R15 its index, BX the report.
clone:
	XORQ	R15, R15
next:
	TESTQ	R13, R13
	JEQ	end
	MOVQ	0(R12), AX
	MOVQ	8(R12), DI
	MOVQ	16(R12), SI
	MOVQ	24(R12), DX
	MOVQ	32(R12), R10
	MOVQ	40(R12), R8
	MOVQ	48(R12), R9
	SYSCALL
	CMPQ	AX, $0xfffffffffffff001
	JCC	failed
	CMPQ	56(R12), $2	// modeBranch
	JNE	advance
	TESTQ	AX, AX
	JNE	branched
advance:
	MOVQ	AX, 24(BX)
	ADDQ	$64, R12
	INCQ	R15
	DECQ	R13
	JMP	next
failed:
	CMPQ	56(R12), $1	// modeMay
	JEQ	advance
	NEGQ	AX
	MOVQ	R15, 0(BX)
	MOVQ	AX, 8(BX)
	JMP	end
branched:
	MOVQ	AX, 16(BX)
end:
	XORQ	DI, DI
	MOVL	$60, AX		// exit
	SYSCALL
	INT	$3
