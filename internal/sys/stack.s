#include "textflag.h"

// func GrowStack()
TEXT ·GrowStack(SB),0,$49152-0
	RET
