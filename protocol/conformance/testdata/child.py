#!/usr/bin/env python3
"""A second child, written from SPEC.md alone, for containers like that of "fsrun spec"; it refuses what others ask for beyond."""
import array, contextlib, ctypes, errno, fcntl, functools, os, socket, stat, struct, sys, termios, time

NAMES = "Hello Welcome MapRequest MapDone Part Plan OpenRequest OpenDone Console HooksRequest HooksDone Ready Committed Start Detach Fault".split()
CODE = {"malformed": 1, "unexpected": 2, "version": 3, "timeout": 4, "operation": 8, "credentials": 13, "seccomp": 14, "exec": 15,
        "gone": 0}  # which is never sent
MAX_FRAME, MAX_DEPTH, MAX_ELEMENTS, MAX_OPS, MAX_PLAN, U32, U64 = 196608, 7, 4096, 32768, 16 << 20, (1 << 32) - 1, (1 << 64) - 1

class Refused(Exception):
    def __init__(self, code, detail, call="", number=0, obj="", op="", path=""):
        self.code, self.texts = CODE[code], dict(op=op, path=path, call=call, errno=number, object=obj, detail=detail)
def need(condition, detail, code="malformed", call=""):
    if not condition:
        raise OSError(errno.EPERM, detail, call) if call else Refused(code, detail)

# Section 4.1. A frame has one encoding only, so that what was read is written again and compared. Each first byte
# says what follows: the type, how many bytes hold the number or size, or that number itself.
FORMS = {n: (int, 0, n if n < 128 else n - 256) for n in (*range(128), *range(0xE0, 256))}
FORMS.update({0xC2: (bool, 0, 0), 0xC3: (bool, 0, 1)} | {0xCC + n: (int, 1 << (n & 3), 0) for n in range(8)})
for sort, fix, end, wide in ((str, 0xA0, 32, ((0xD9, 1), (0xDA, 2), (0xDB, 4))), (bytes, 0, 0, ((0xC4, 1), (0xC5, 2), (0xC6, 4))),
                             (list, 0x90, 16, ((0xDC, 2), (0xDD, 4))), (dict, 0x80, 16, ((0xDE, 2), (0xDF, 4)))):
    FORMS.update({fix + n: (sort, 0, n) for n in range(end)} | {first: (sort, width, 0) for first, width in wide})

class Reader:
    def __init__(self, data):
        self.data, self.at, self.elements = data, 0, 0
    def take(self, count):
        need(self.at + count <= len(self.data), "it ends too early")
        self.at += count
        return self.data[self.at - count:self.at]
    def value(self, depth=0):
        first = self.take(1)[0]
        need(first in FORMS and depth <= MAX_DEPTH, "a value of a type that is not in use, or too deep")
        sort, width, size = FORMS[first]
        size = int.from_bytes(self.take(width), "big", signed=0xD0 <= first <= 0xD3) if width else size
        if sort in (int, bool):
            return sort(size)
        if sort in (str, bytes):
            return self.take(size).decode("latin-1") if sort is str else self.take(size)
        if sort is list:
            return [self.value(depth + 1) for _ in range(size)]
        return {str(self.value(depth + 1)): self.value(depth + 1) for _ in range(size)}
@functools.lru_cache(None)
def head(sort, size):  # the shortest form comes first
    for first, (which, width, value) in FORMS.items():
        if which is sort and (width or value == size):
            with contextlib.suppress(OverflowError):
                return bytes([first]) + (size.to_bytes(width, "big", signed=0xD0 <= first <= 0xD3) if width else b"")
def encode(value):
    sort = type(value)
    if sort in (int, bool):
        return head(sort, int(value))
    data = value.encode("latin-1", "replace") if sort is str else value
    items = data.items() if sort is dict else [(item,) for item in data] if sort is list else None
    return head(sort, len(data)) + (data if items is None else b"".join(encode(part) for item in items for part in item))

# Types are written as a range, with s before it for a string, b for binary, * for a list and ? for a boolean.
RANGES = {"bool": "?0..1", "u32": "0..%d" % U32, "u64": "0..%d" % U64, "id": "0..%d" % (U32 - 1), "path": "s1..4095", "many": "*0..1024:s0..131071"}
@functools.lru_cache(None)
def typed(kind):  # a function that checks a value of the type and returns it; strings are bytes from there on
    if kind in COMPOSED:
        return COMPOSED[kind]
    bounds = RANGES.get(kind, kind)
    sort, (bounds, _, inner) = {"s": str, "b": bytes, "*": list, "?": bool}.get(bounds[0], int), bounds.lstrip("sb*?").partition(":")
    least, most = map(int, bounds.split(".."))
    def read(value, frame):
        need(type(value) is sort and least <= (value if sort in (int, bool) else len(value)) <= most and not (sort is str and "\0" in value),
             "%.50r is not of the type %s" % (value, kind))
        if sort is list:
            return [typed(inner)(item, frame) for item in counted(frame, value)]
        return value.encode("latin-1") if sort is str else value
    return read
def counted(frame, value):
    frame.elements += len(value)
    return need(frame.elements <= MAX_ELEMENTS, "too many elements") or value
def record(value, wanted, frame):
    names = [field.split("=") for field in wanted.split()]
    need(type(value) is dict and list(value) == [name for name, _ in names], "a map of other fields than %s" % wanted)
    return {name: typed(kind)(value[name], frame) for name, kind in names}
def two(value):
    return need(type(value) is list and len(value) == 2, "no array of two") or value
def pair(value, frame):
    name, text = counted(frame, two(value))
    return typed("s1..255")(name, frame), typed("s0..8192")(text, frame)
def operation(value, frame):
    kind, values = two(value)
    need(type(kind) is int and kind in OPERATIONS, "an operation of a kind that there is not")
    name, roles, wanted = OPERATIONS[kind]
    return name, roles, record(values, "at=s0..255 " + wanted, frame)

COMPOSED = {"pair": pair, "op": operation, "deadline": lambda value, frame: record(value, "state=s1..255 milliseconds=u32", frame)}
# Section 6.3: the name of each kind, from 1 on, the roles that may have it (Init, Join), and its fields beside "at".
OPERATIONS = {number + 1: (text.split(None, 2) + [""])[:3] for number, text in enumerate("""
resource_limit IJ resource=0..63 soft=u64 hard=u64; oom_score I value=-1000..1000; hostname I name=s1..64; domainname I name=s1..64;
loopback I; keyring IJ name=s1..255; directory I path=path; root I source=path propagation=u32;
mount I filesystem=s1..255 source=s0..4095 destination=path options=*0..128:pair set=u32 propagation=u32 copy_up=bool;
bind I source=path destination=path recursive=bool ATTRIBUTES by_parent=bool;
device I path=path type=s1..1 major=0..4095 minor=0..1048575 mode=0..4095 uid=id gid=id bound=bool;
link I target=path path=path; console IJ width=0..65535 height=0..65535; sysctl I key=s1..255 value=s0..8192; parent_hooks I;
hook I point=s1..255 index=0..4096 path=path arguments=many environment=many state=b0..131072 milliseconds=u32;
pivot I move=bool; root_attributes I read_only=bool propagation=u32; mask I path=path; read_only I path=path; enter J;
arguments IJ values=*0..4096:s0..131071; environment IJ values=*0..4096:s0..131071;
execute IJ directory=path uid=id gid=id groups=*0..2048:id sets_groups=bool umask=0..511 no_new_privs=bool bounding=u64 effective=u64
permitted=u64 inheritable=u64 ambient=u64 filter=b0..32768 filter_flags=u32 preserved_fds=0..1024;
remount I destination=path options=*0..128:pair ATTRIBUTES; personality IJ persona=id; memory_policy IJ mode=0..65535 nodes=*0..1024:0..1023;
label IJ module=1..2 label=path; listener IJ call=1..2 state=b1..131072""".replace(
    "ATTRIBUTES", "set=u32 clear=u32 recursive_set=u32 recursive_clear=u32 propagation=u32").split(";"))}
SETS, SINGLE = "effective permitted inheritable ambient".split(), "root pivot personality memory_policy label listener".split()
ROOTED = "mount bind device link directory mask read_only remount root_attributes pivot".split()
# Section 5.4, as far as a child receives them.
FIELDS = {
    "Hello": "lowest_version=1..65535 highest_version=1..65535 features=*0..64:s0..255 role=1..2 maps_wanted=bool deadlines=*0..32:deadline",
    "Part": "ops=*1..4096:op", "Plan": "ops=*1..4096:op", "OpenDone": "ops=*1..64:0..32767",
    "Committed": "cgroup=s0..4095 limits=*0..1024:pair programs=*0..64:1..%d" % U32,
    "Fault": "code=1..18 machine=s0..255 state=s0..255 awaited=s0..255 op=s0..8192 path=s0..255 call=s0..255 errno=0..4095 "
             "object=s0..8192 detail=s0..8192 hint=s0..8192"}
def decode(data, descriptors, accepts):
    r = Reader(data)
    kind, values = two(r.value())
    need(type(kind) is int and 1 <= kind <= len(NAMES) and len(data) <= MAX_FRAME, "no frame")
    name = NAMES[kind - 1]
    need(name in accepts, "%s is not acceptable here" % name, "unexpected")
    need(encode([kind, values]) == data, "it is not in canonical form")
    fields = record(values, FIELDS.get(name, ""), r)
    need(descriptors == {"OpenDone": len(fields.get("ops", [])), "Detach": 1}.get(name, 0), "%s with %d descriptors" % (name, descriptors))
    return name, fields

# System calls: by number those that the C library lacks, the others by name.
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
NUMBERS = dict(open_tree=428, move_mount=429, fsopen=430, fsconfig=431, fsmount=432, close_range=436, openat2=437, mount_setattr=442,
               **({"pivot_root": 155, "keyctl": 250} if os.uname().machine == "x86_64" else {"pivot_root": 41, "keyctl": 219}))
EMPTY, RECURSIVE, CLONE, CLOEXEC, NO_LINKS = 0x1000, 0x8000, 0x80001, os.O_CLOEXEC, 0x04
def call(name, *arguments):
    arguments = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = libc.syscall(ctypes.c_long(NUMBERS[name]), *arguments) if name in NUMBERS else getattr(libc, name)(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), name)
    return result

class Container:
    """Section 6.2: what is done for each operation before Ready. All paths are beneath the root, by its descriptor."""
    top, shown = os.open("/", os.O_PATH | CLOEXEC), {}
    def open(self, path, flags=os.O_PATH, resolve=0):
        how = struct.pack("QQQ", flags | CLOEXEC, 0, 0x10 | resolve)  # RESOLVE_IN_ROOT
        return call("openat2", self.top, path, how, len(how))
    def found(self, path):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            return self.open(path)
    def place(self, path, directory=True, resolve=0):  # made as a directory or file where nothing stands
        if self.found(path) is None:
            above, name = self.above(path)
            if directory:
                os.mkdir(name, 0o755, dir_fd=above)
            else:
                os.close(os.open(name, os.O_CREAT | os.O_EXCL | CLOEXEC, 0o644, dir_fd=above))
        return self.open(path, resolve=resolve)
    def above(self, path):
        head, name = os.path.split(path.rstrip(b"/"))
        return self.place(head or b"/"), name
    cover = lambda self, place, tree: call("move_mount", tree, b"", place, b"", 0x44)  # both are named by their descriptors
    def instance(self, filesystem, source, options, attributes):
        context = call("fsopen", filesystem, 1)
        for name, value in [(b"source", source)] * bool(source) + options:
            call("fsconfig", context, 1 if value else 0, name, value or None, 0)
        call("fsconfig", context, 6, None, None, 0)
        return call("fsmount", context, 1, attributes)
    def attributes(self, tree, add, clear=0, propagation=0, flags=0):
        if add or clear or propagation:
            wanted = struct.pack("QQQQ", add, clear, propagation & ~0x4000, 0)
            call("mount_setattr", tree, b"", EMPTY | flags, wanted, len(wanted))
    hostname = lambda self, op: call("sethostname", op["name"], len(op["name"]))
    def loopback(self, op):
        fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8914, struct.pack("16sH22x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
    directory = lambda self, op: self.place(op["path"])
    keyring = lambda self, op: call("keyctl", 1, op["name"])
    def root(self, op):
        need(op["propagation"], "the old tree is not left alone", call="mount")
        call("mount", None, b"/", None, op["propagation"], None)
        place = os.open(op["source"], os.O_PATH | os.O_DIRECTORY | CLOEXEC)
        self.top = call("open_tree", place, b"", EMPTY | RECURSIVE | CLONE)
        self.cover(place, self.top)
    def mount(self, op):
        special = op["filesystem"] in (b"proc", b"sysfs")
        place = self.place(op["destination"], resolve=NO_LINKS * special)
        tree = self.instance(op["filesystem"], op["source"], op["options"], op["set"])
        self.attributes(tree, 0, 0, op["propagation"])
        self.shown.update({op["destination"]: os.fstat(tree).st_dev} if special else {})
        self.cover(place, tree)
    def device(self, op):
        above, name = self.above(op["path"])
        sort = {b"c": stat.S_IFCHR, b"b": stat.S_IFBLK, b"p": stat.S_IFIFO}[op["type"]]
        os.mknod(name, sort | op["mode"], os.makedev(op["major"], op["minor"]), dir_fd=above)
        os.chown(name, op["uid"], op["gid"], dir_fd=above, follow_symlinks=False)
    def link(self, op):
        above, name = self.above(op["path"])
        with contextlib.suppress(FileExistsError):
            os.symlink(op["target"], name, dir_fd=above)
    def pivot(self, op):
        for path, device in {**({b"/proc": os.fstat(self.top).st_dev} if self.found(b"/proc") else {}), **self.shown}.items():
            need(os.fstat(self.open(path, resolve=NO_LINKS)).st_dev == device, "%s is covered" % path.decode("latin-1"), call="fstat")
        os.fchdir(self.top)
        call("pivot_root", b".", b".")
        call("umount2", b".", 2)  # MNT_DETACH
        os.chdir("/")
    root_attributes = lambda self, op: self.attributes(self.top, int(op["read_only"]), 0, op["propagation"])
    def mask(self, op):
        place = self.found(op["path"])
        if place is not None and stat.S_ISDIR(os.fstat(place).st_mode):
            self.cover(place, self.instance(b"tmpfs", b"tmpfs", [], 15))  # ro, nosuid, nodev, noexec
        elif place is not None:
            null = self.open(b"/dev/null", resolve=NO_LINKS)
            need(stat.S_ISCHR(os.fstat(null).st_mode) and os.fstat(null).st_rdev == os.makedev(1, 3), "/dev/null is another file", call="fstat")
            self.cover(place, call("open_tree", null, b"", EMPTY | CLONE))
    def read_only(self, op):
        place = self.found(op["path"])
        if place is not None:
            tree = call("open_tree", place, b"", EMPTY | RECURSIVE | CLONE)
            self.attributes(tree, 1, 0, 0, RECURSIVE)
            self.cover(place, tree)
    def console(self, op):
        master = self.open(b"/dev/pts/ptmx", os.O_RDWR | os.O_NOCTTY)
        fcntl.ioctl(master, 0x40045431, struct.pack("i", 0))  # TIOCSPTLCK
        peer = fcntl.ioctl(master, 0x5441, os.O_RDWR | os.O_NOCTTY | CLOEXEC)  # TIOCGPTPEER
        need(len({os.fstat(end).st_dev for end in (master, peer, self.open(b"/dev/pts"))}) == 1, "the terminal is another file system's", call="fstat")
        modes = termios.tcgetattr(peer)
        termios.tcsetattr(peer, termios.TCSANOW, modes[:1] + [modes[1] & ~termios.ONLCR] + modes[2:])
        if op["width"] or op["height"]:
            fcntl.ioctl(peer, termios.TIOCSWINSZ, struct.pack("HHHH", op["height"], op["width"], 0, 0))
        if self.role == "I":
            self.cover(self.place(b"/dev/console", False), call("open_tree", peer, b"", EMPTY | CLONE))
        fcntl.ioctl(peer, termios.TIOCSCTTY, 0)
        any(os.dup2(peer, standard) > 2 for standard in range(3))
        self.send("Console", {}, [master])
        os.close(master)

# Sections 7.3 and 7.4: what each waiting state accepts, for how many seconds it waits, and the rows that are taken with a frame.
WAITS = {"awaiting_hello": ("Hello", 10), "awaiting_maps": ("MapDone", 30), "awaiting_plan": ("Part Plan", 30),
         "awaiting_descriptors": ("OpenDone", 30), "awaiting_hooks": ("HooksDone", 600), "awaiting_commit": ("Committed", 60),
         "committed": ("Start Detach", 60), "attached": ("Start", 10)}
ROWS = dict(Hello="C02", MapDone="C05", Part="C07", Plan="C09", OpenRequest="C10", OpenDone="C11", Console="C12", HooksRequest="C13", HooksDone="C14")

class Child(Container):
    def __init__(self, end):
        self.line, self.state, self.plan, self.size, self.rows, self.marks = socket.socket(fileno=end), "awaiting_hello", [], 0, [], []
        self.took("C01")
        self.line.set_inheritable(False)
        self.deadlines = {state: seconds for state, (_, seconds) in WAITS.items()}
    def took(self, row):
        self.rows += [{"row": row, "nanoseconds": time.monotonic_ns()}] * bool(row and len(self.rows) < 256)
    def send(self, name, fields=None, descriptors=()):
        self.took(ROWS.get(name))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # what became of the parent is found out by receiving
            socket.send_fds(self.line, [encode([NAMES.index(name) + 1, fields or {}])], descriptors, socket.MSG_NOSIGNAL)
    def receive(self, state, again=True):
        self.state = state
        self.line.settimeout(self.deadlines[state] or None)
        try:
            data, control, flags, _ = self.line.recvmsg(MAX_FRAME + 1, socket.CMSG_SPACE(4 * 65), socket.MSG_CMSG_CLOEXEC)
        except socket.timeout:
            raise Refused("timeout", "nothing came in time")
        except ConnectionResetError:  # told once, ahead of what is still to be read
            return self.receive(state, False) if again else need(False, "", "gone")
        descriptors = [d for _, _, rights in control for d in array.array("i", rights[:len(rights) // 4 * 4])]
        try:
            need(data, "", "gone")
            need(not flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC), "it was truncated on its way")
            name, fields = decode(data, len(descriptors), WAITS[state][0].split() + ["Fault"])
            need(name != "Fault", "", "gone")
        except Refused:
            any(map(os.close, descriptors))
            raise
        self.took(ROWS.get(name))
        self.size += len(data) * (name in ("Part", "Plan"))
        return name, fields, descriptors
    def greet(self):
        _, hello, _ = self.receive("awaiting_hello")
        self.state, self.role, features = "greeting", "IJ"[hello["role"] - 1], hello["features"]
        need(hello["lowest_version"] <= hello["highest_version"], "versions upside down")
        need(all(a < b for a, b in zip(features, features[1:])), "features out of order")
        need(hello["lowest_version"] == 1, "this child speaks version 1", "version")
        self.deadlines.update({d["state"].decode("latin-1"): d["milliseconds"] / 1000 for d in hello["deadlines"]})
        if not hello["maps_wanted"]:
            call("prctl", 4, 0, 0, 0, 0)  # PR_SET_DUMPABLE
        self.took("C04" if hello["maps_wanted"] else "C03")
        self.send("Welcome", {"version": 1, "features": []})
        if hello["maps_wanted"]:
            self.send("MapRequest")
            self.receive("awaiting_maps")
            self.state = "becoming_root"
            os.setresgid(0, 0, 0)
            os.setresuid(0, 0, 0)
            call("prctl", 4, 0, 0, 0, 0)
            self.took("C06")
    def collect(self):
        name = ""
        while name != "Plan":
            name, fields, _ = self.receive("awaiting_plan")
            self.state = "preparing" if name == "Plan" else "collecting"
            need(len(self.plan) + len(fields["ops"]) <= MAX_OPS and self.size <= MAX_PLAN, "the plan is too long")
            self.plan += fields["ops"]
            self.took("C08" if name == "Part" else None)
        names = [name for name, _, _ in self.plan]
        need("execute" in names and names.index("execute") == len(names) - 1, "a plan ends with execute, and has no other")
        for index, (name, roles, last) in enumerate(self.plan):
            need(self.role in roles and (name not in ROOTED or "root" in names[:index]) and
                 (name not in SINGLE or name not in names[:index]), "%s is out of place" % name)
        need(any(op["values"] for name, _, op in self.plan if name == "arguments"), "a plan without arguments")
        need(len(last["filter"]) % 8 == 0 and (last["filter"] or not last["filter_flags"]), "half an instruction, or flags of no filter")
        self.held, known = (sum(1 << c for c in range(64) if libc.prctl(23, c, 0, 0, 0) >= least) for least in (1, 0))  # PR_CAPBSET_READ
        need(not (last["bounding"] & ~self.held or any(last[name] & ~known for name in SETS)), "capabilities that cannot be had", "credentials")
    def prepare(self):
        for self.index, (name, _, op) in enumerate(self.plan[:-1]):
            self.state = "preparing"
            self.marks.append(time.monotonic_ns())
            try:
                need(hasattr(self, name) and not any(op.get(part) for part in ("copy_up", "bound", "move")), "not done here", call=name)
                getattr(self, name)(op)
            except OSError as failed:
                raise Refused("operation", failed.strerror, str(failed.filename), failed.errno, str(op),
                              "%s[%d]" % (name, self.index), op["at"].decode("latin-1"))
        self.marks.append(time.monotonic_ns())
        self.state, (arguments, environment) = "preparing", ([value for name, _, op in self.plan if name == which for value in op["values"]]
                                                             for which in ("arguments", "environment"))
        path = next((value[5:] for value in environment if value.startswith(b"PATH=")), b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        places = [os.path.join(place, arguments[0]) for place in (path.split(b":") if b"/" not in arguments[0] else [b""])] if arguments else []
        program = next((place for place in places if os.path.isfile(place) and os.access(place, os.X_OK)), None)
        if program is None:
            raise Refused("exec", "no such program", "access", errno.ENOENT, str(arguments[:1]))
        if not any(value.startswith(b"HOME=") for value in environment):
            users = [line.split(b":") for line in open("/etc/passwd", "rb")] if os.path.exists("/etc/passwd") else []
            homes = [user[5] for user in users if len(user) > 5 and user[2] == b"%d" % self.plan[-1][2]["uid"]]
            environment.append(b"HOME=" + (homes + [b"/"])[0])
        self.program = (program, *((ctypes.c_char_p * (len(values) + 1))(*values, None) for values in (arguments, environment)))
    arguments = environment = resource_limit = lambda self, op: None  # take effect after Start
    parent_hooks = lambda self, op: self.send("HooksRequest") or self.receive("awaiting_hooks")
    def enter(self, op):
        self.send("OpenRequest", {"ops": [self.index]})
        _, fields, descriptors = self.receive("awaiting_descriptors")
        self.state = "preparing"
        need(fields["ops"] == [self.index], "these descriptors were not asked for")
        call("unshare", 0x200)  # CLONE_FS
        call("setns", descriptors[0], 0x20000)  # CLONE_NEWNS
        os.close(descriptors[0])
    def wait(self):  # from Ready to Start, be it from the parent or from a caller
        self.took("C15")
        self.send("Ready", {"rows": self.rows, "ops": [b - a for a, b in zip(self.marks, self.marks[1:] + [time.monotonic_ns()])][:1024]})
        self.receive("awaiting_commit")
        name, _, descriptors = self.receive("committed")
        listener = socket.socket(fileno=descriptors[0]) if name == "Detach" else None
        while name != "Start":
            self.state = "detached"
            self.line.close()
            self.line, _ = listener.accept()
            with contextlib.suppress(Refused):  # it costs the caller its connection
                name, _, _ = self.receive("attached")
    def execute(self):  # section 10, in its order
        self.state, op = "executing", self.plan[-1][2]
        try:
            call("close_range", 3 + op["preserved_fds"], U32, 4)  # CLOSE_RANGE_CLOEXEC
            for limit in (limit for name, _, limit in self.plan if name == "resource_limit"):
                call("prlimit", 0, limit["resource"], struct.pack("QQ", limit["soft"], limit["hard"]), None)
            call("chdir", op["directory"])
            need(os.getcwd().startswith("/"), "the working directory is outside the root", call="getcwd")
            need(not op["filter"], "this child loads no filters", call="seccomp")
            os.umask(op["umask"])
            if op["sets_groups"]:
                os.setgroups(op["groups"])
            call("prctl", 8, 1, 0, 0, 0)  # PR_SET_KEEPCAPS
            for capability in (c for c in range(64) if (self.held & ~op["bounding"]) >> c & 1):
                call("prctl", 24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
            os.setresgid(*[op["gid"]] * 3)
            os.setresuid(*[op["uid"]] * 3)
            sets = struct.pack("6I", *(op[name] >> shift & U32 for shift in (0, 32) for name in SETS[:3]))
            call("capset", struct.pack("Ii", 0x20080522, 0), sets)
            need(not op["ambient"], "this child raises no ambient capabilities", call="prctl")
            if op["no_new_privs"]:
                call("prctl", 38, 1, 0, 0, 0)
            call("execve", *self.program)
        except OSError as failed:
            code = {"prlimit": "operation", "seccomp": "seccomp", **dict.fromkeys((None, "prctl", "capset"), "credentials")}.get(failed.filename, "exec")
            raise Refused(code, failed.strerror, str(failed.filename), failed.errno, str(self.program[0]))
    def run(self):
        try:
            for stage in (self.greet, self.collect, self.prepare, self.wait, self.execute):
                stage()
        except Refused as refused:
            where = dict(code=refused.code, machine="child", state=self.state, awaited=", ".join(WAITS.get(self.state, ("",))[0].split()))
            what = {name: value[:255] if isinstance(value, str) else value for name, value in refused.texts.items()}
            if refused.code:
                self.send("Fault", {**where, **what, "hint": ""})
        sys.exit(1)

if __name__ == "__main__":
    call("prctl", 15, b"fsrun:child", 0, 0, 0)  # PR_SET_NAME
    call("prctl", 29, 0, 0, 0, 0)  # PR_SET_TIMERSLACK: its default
    os.umask(0)  # modes are those that are asked for
    Child(int(*sys.argv[1:])).run()
