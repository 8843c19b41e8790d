#include "textflag.h"

// func runClone(arguments *cloneArguments, size uintptr, calls *call, count uintptr, told *report) (pid, errno uintptr)
TEXT ·runClone(SB),NOSPLIT,$0-56
	MOVD	arguments+0(FP), R0
	MOVD	size+8(FP), R1
	MOVD	calls+16(FP), R19
	MOVD	count+24(FP), R20
	MOVD	told+32(FP), R21
	MOVD	$435, R8	// clone3
	SVC
	CMN	$4095, R0
	BCS	refused
	CBZ	R0, clone
	MOVD	R0, pid+40(FP)
	MOVD	ZR, errno+48(FP)
	RET
refused:
	NEG	R0, R0
	MOVD	ZR, pid+40(FP)
	MOVD	R0, errno+48(FP)
	RET

	// The clone, from here on: registers only.
	// R19 the call, R20 how many are left, R22 its index, R21 the report.
clone:
	MOVD	ZR, R22
next:
	CBZ	R20, end
	MOVD	0(R19), R8
	MOVD	8(R19), R0
	MOVD	16(R19), R1
	MOVD	24(R19), R2
	MOVD	32(R19), R3
	MOVD	40(R19), R4
	MOVD	48(R19), R5
	SVC
	MOVD	56(R19), R9
	CMN	$4095, R0
	BCS	failed
	CMP	$2, R9		// modeBranch
	BNE	advance
	CBNZ	R0, branched
advance:
	MOVD	R0, 24(R21)
	ADD	$64, R19
	ADD	$1, R22
	SUB	$1, R20
	B	next
failed:
	CMP	$1, R9		// modeMay
	BEQ	advance
	NEG	R0, R0
	MOVD	R22, 0(R21)
	MOVD	R0, 8(R21)
	B	end
branched:
	MOVD	R0, 16(R21)
end:
	MOVD	ZR, R0
	MOVD	$93, R8		// exit
	SVC
	BRK
