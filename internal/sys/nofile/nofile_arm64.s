#include "textflag.h"

// func getrlimit(limit *Limit)
TEXT ·getrlimit(SB),NOSPLIT,$0-8
	MOVD	$7, R0		// RLIMIT_NOFILE
	MOVD	limit+0(FP), R1
	MOVD	$163, R8	// getrlimit
	SVC
	RET

// func setrlimit(limit *Limit)
TEXT ·setrlimit(SB),NOSPLIT,$0-8
	MOVD	$7, R0		// RLIMIT_NOFILE
	MOVD	limit+0(FP), R1
	MOVD	$164, R8	// setrlimit
	SVC
	RET
