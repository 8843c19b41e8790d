#include "textflag.h"

// func prlimit(to, was *Limit)
TEXT ·prlimit(SB),NOSPLIT,$0-16
	MOVD	$0, R0		// this process
	MOVD	$7, R1		// RLIMIT_NOFILE
	MOVD	to+0(FP), R2
	MOVD	was+8(FP), R3
	MOVD	$261, R8	// prlimit64
	SVC
	RET
