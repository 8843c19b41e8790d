#include "textflag.h"

// func soft() uint64
TEXT ·soft(SB),NOSPLIT,$16-8
	MOVD	$7, R0		// RLIMIT_NOFILE
	MOVD	$limit-16(SP), R1
	MOVD	$163, R8	// getrlimit
	SVC
	MOVD	limit-16(SP), R0
	MOVD	R0, ret+0(FP)
	RET
