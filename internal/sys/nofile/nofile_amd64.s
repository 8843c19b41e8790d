#include "textflag.h"

// func prlimit(to, was *Limit)
TEXT ·prlimit(SB),NOSPLIT,$0-16
	MOVL	$0, DI		// this process
	MOVL	$7, SI		// RLIMIT_NOFILE
	MOVQ	to+0(FP), DX
	MOVQ	was+8(FP), R10
	MOVL	$302, AX	// prlimit64
	SYSCALL
	RET
