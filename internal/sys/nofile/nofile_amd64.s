#include "textflag.h"

// func getrlimit(limit *Limit)
TEXT ·getrlimit(SB),NOSPLIT,$0-8
	MOVL	$7, DI		// RLIMIT_NOFILE
	MOVQ	limit+0(FP), SI
	MOVL	$97, AX		// getrlimit
	SYSCALL
	RET

// func setrlimit(limit *Limit)
TEXT ·setrlimit(SB),NOSPLIT,$0-8
	MOVL	$7, DI		// RLIMIT_NOFILE
	MOVQ	limit+0(FP), SI
	MOVL	$160, AX	// setrlimit
	SYSCALL
	RET
