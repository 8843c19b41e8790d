#include "textflag.h"

// func soft() uint64
TEXT ·soft(SB),NOSPLIT,$16-8
	MOVQ	$7, DI		// RLIMIT_NOFILE
	LEAQ	limit-16(SP), SI
	MOVL	$97, AX		// getrlimit
	SYSCALL
	MOVQ	limit-16(SP), AX
	MOVQ	AX, ret+0(FP)
	RET
