package unsafely

import _ "unsafe"
