// The floor: what the kernel has to do for the default bundle, asked for by the
// shortest program that can. It reads no configuration, checks nothing that
// could have been tampered with, keeps no state and gives errors no names. It is
// not a runtime; no runtime can be faster.
//
// usage: floor ROOTFS PROGRAM CGROUP
//        floor peak COMMAND...
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define must(call) ({ long result_ = (long)(call); if (result_ < 0) fail(#call); result_; })

static void fail(const char *call) {
	fprintf(stderr, "floor: %s: %s\n", call, strerror(errno));
	_exit(1);
}

static const char *const devices[][2] = {
	{"/dev/null", "dev/null"}, {"/dev/zero", "dev/zero"}, {"/dev/full", "dev/full"},
	{"/dev/random", "dev/random"}, {"/dev/urandom", "dev/urandom"}, {"/dev/tty", "dev/tty"},
};
static const int device_numbers[][2] = {{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}};
static const char *const links[][2] = {
	{"/proc/self/fd", "dev/fd"}, {"/proc/self/fd/0", "dev/stdin"}, {"/proc/self/fd/1", "dev/stdout"},
	{"/proc/self/fd/2", "dev/stderr"}, {"/proc/kcore", "dev/core"}, {"pts/ptmx", "dev/ptmx"},
};
static const char *const masked_files[] = {
	"proc/asound", "proc/interrupts", "proc/kcore", "proc/keys", "proc/latency_stats", "proc/timer_list",
	"proc/timer_stats", "proc/sched_debug",
};
static const char *const masked_directories[] = {"proc/acpi", "proc/scsi", "sys/firmware", "sys/devices/virtual/powercap"};
static const char *const readonly_paths[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"};

// The default devices may be used and made, everything else is refused: a
// program of the usual length.
static int load_devices(void) {
	struct bpf_insn program[64];
	int count = 0;
#define EMIT(c, d, s, o, i) program[count++] = (struct bpf_insn){.code = c, .dst_reg = d, .src_reg = s, .off = o, .imm = i}
	EMIT(BPF_LDX | BPF_W | BPF_MEM, 2, 1, 0, 0);  // access and type
	EMIT(BPF_LDX | BPF_W | BPF_MEM, 3, 1, 4, 0);  // major
	EMIT(BPF_LDX | BPF_W | BPF_MEM, 4, 1, 8, 0);  // minor
	EMIT(BPF_ALU | BPF_AND | BPF_K, 2, 0, 0, 0xffff);
	for (unsigned i = 0; i < sizeof device_numbers / sizeof device_numbers[0]; i++) {
		EMIT(BPF_JMP | BPF_JNE | BPF_K, 2, 0, 4, BPF_DEVCG_DEV_CHAR);
		EMIT(BPF_JMP | BPF_JNE | BPF_K, 3, 0, 3, device_numbers[i][0]);
		EMIT(BPF_JMP | BPF_JNE | BPF_K, 4, 0, 2, device_numbers[i][1]);
		EMIT(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1);
		EMIT(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	}
	EMIT(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	EMIT(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	union bpf_attr attributes = {.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE, .insn_cnt = count,
		.insns = (uintptr_t)program, .license = (uintptr_t)"Apache"};
	return must(syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes));
}

static void attach_devices(int program, int cgroup) {
	union bpf_attr attributes = {.target_fd = cgroup, .attach_bpf_fd = program, .attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI};
	must(syscall(SYS_bpf, BPF_PROG_ATTACH, &attributes, sizeof attributes));
}

static void raise_loopback(void) {
	int sock = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	must(ioctl(sock, SIOCSIFFLAGS, &request));
	close(sock);
}

static void make_root(const char *rootfs) {
	must(mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(mount(rootfs, rootfs, NULL, MS_BIND, NULL));
	must(chdir(rootfs));
	must(mount("proc", "proc", "proc", 0, NULL));
	must(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"));
	must(mkdir("dev/pts", 0755));
	must(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"));
	must(mkdir("dev/shm", 0755));
	must(mount("shm", "dev/shm", "tmpfs", MS_NOSUID | MS_NOEXEC | MS_NODEV, "mode=1777,size=65536k"));
	must(mkdir("dev/mqueue", 0755));
	must(mount("mqueue", "dev/mqueue", "mqueue", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL));
	must(mount("sysfs", "sys", "sysfs", MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY, NULL));
	must(mount("cgroup", "sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RELATIME | MS_RDONLY, NULL));
	umask(0);
	for (unsigned i = 0; i < sizeof devices / sizeof devices[0]; i++)
		must(mknod(devices[i][1], S_IFCHR | 0666, makedev(device_numbers[i][0], device_numbers[i][1])));
	for (unsigned i = 0; i < sizeof links / sizeof links[0]; i++)
		must(symlink(links[i][0], links[i][1]));
	for (unsigned i = 0; i < sizeof masked_files / sizeof masked_files[0]; i++)
		mount("dev/null", masked_files[i], NULL, MS_BIND, NULL); // not every kernel has them all
	for (unsigned i = 0; i < sizeof masked_directories / sizeof masked_directories[0]; i++)
		mount("tmpfs", masked_directories[i], "tmpfs", MS_RDONLY, "nr_blocks=1,nr_inodes=1");
	for (unsigned i = 0; i < sizeof readonly_paths / sizeof readonly_paths[0]; i++)
		if (mount(readonly_paths[i], readonly_paths[i], NULL, MS_BIND | MS_REC, NULL) == 0)
			must(mount(NULL, readonly_paths[i], NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL));
	must(mount(NULL, ".", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL));
	must(syscall(SYS_pivot_root, ".", "."));
	must(umount2(".", MNT_DETACH));
	must(chdir("/"));
}

static void drop(void) {
	const uint32_t kept = 1u << CAP_AUDIT_WRITE | 1u << CAP_KILL | 1u << CAP_NET_BIND_SERVICE;
	for (int capability = 0; capability <= CAP_LAST_CAP; capability++)
		if (capability > 31 || !(kept & 1u << capability))
			prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{.effective = kept, .permitted = kept}, {0}};
	must(syscall(SYS_capset, &header, data));
	struct rlimit files = {1024, 1024};
	must(setrlimit(RLIMIT_NOFILE, &files));
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

// peak runs a command and tells the resident memory of the largest of its
// processes, in KiB: of this program's children, which is small itself.
static int peak(char **command) {
	pid_t child = must(fork());
	if (child == 0) {
		must(dup2(must(open("/dev/null", O_RDWR)), 1));
		must(execv(command[0], command));
	}
	int status;
	struct rusage usage;
	must(wait4(child, &status, 0, &usage));
	printf("%ld\n", usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int count, char **arguments) {
	if (count > 2 && strcmp(arguments[1], "peak") == 0)
		return peak(arguments + 2);
	if (count != 4)
		return 2;
	must(mkdir(arguments[3], 0755));
	int cgroup = must(open(arguments[3], O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct clone_args clone = {
		.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_INTO_CGROUP | CLONE_VFORK | CLONE_VM,
		.exit_signal = SIGCHLD, .cgroup = cgroup,
	};
	clone.flags &= ~(uint64_t)(CLONE_VFORK | CLONE_VM);
	int ready[2];
	must(pipe2(ready, O_CLOEXEC));
	pid_t child = must(syscall(SYS_clone3, &clone, sizeof clone));
	if (child == 0) {
		must(unshare(CLONE_NEWCGROUP));
		must(setsid());
		make_root(arguments[1]);
		must(sethostname("floor", 5));
		raise_loopback();
		char byte;
		close(ready[1]);
		must(read(ready[0], &byte, 1)); // the device program stands before it is left
		drop();
		char *const environment[] = {"PATH=/bin", "TERM=xterm", NULL};
		must(execve(arguments[2], &arguments[2], environment));
	}
	attach_devices(load_devices(), cgroup);
	close(ready[1]);
	int status;
	must(waitpid(child, &status, 0));
	must(rmdir(arguments[3]));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
