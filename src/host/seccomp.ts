/**
 * The system-call filter of the enclave process: classic BPF over `struct seccomp_data`, as `bwrap --seccomp` takes it.
 *
 * The order is fixed: foreign architecture → kill; x32 → refused; number newer than the list was reviewed for → refused;
 * listed call → refused; else allowed. Why a list of refusals and not of permissions: docs/decisions/0002-sandbox.md.
 */

/** The two architectures the filter is written for. */
export type FilterArchitecture = 'x64' | 'arm64';

/** How a listed call is answered: always, or by one argument (its low 32 bits). */
export type CallRule =
  | { readonly deny: 'EPERM' | 'ENOSYS' }
  | { readonly argument: number; readonly denyIfAnyOf: number }
  | { readonly argument: number; readonly denyIfEqual: readonly number[] }
  | { readonly argument: number; readonly mask: number; readonly allowIfEqual: number };

/** One refused call: its number per architecture (`null`: does not exist there), the rule and the reason. */
export interface RefusedCall {
  readonly name: string;
  readonly x64: number | null;
  readonly arm64: number | null;
  readonly rule: CallRule;
  readonly why: string;
}

const EPERM = { deny: 'EPERM' } as const;
type Row = readonly [name: string, x64: number | null, arm64: number | null];
const refuse = (why: string, ...rows: readonly Row[]): readonly RefusedCall[] =>
  rows.map(([name, x64, arm64]) => ({ name, x64, arm64, rule: EPERM, why }));

const CLONE_NEW_NAMESPACE = 0x7e020000; // NEWNS NEWCGROUP NEWUTS NEWIPC NEWUSER NEWPID NEWNET
const FILE_TYPE_MASK = 0o170000;
const FIFO = 0o010000;
const AF_UNIX = 1;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;

/** Every refused call with its reason. Numbers: Linux `asm/unistd_64.h` (x64) and `asm-generic/unistd.h` (arm64). */
export const REFUSED_CALLS: readonly RefusedCall[] = [
  ...refuse(
    'the inherited socket pair is the only door; the network namespace is empty, this closes abstract and path sockets too',
    ['socket', 41, 198],
    ['connect', 42, 203],
    ['bind', 49, 200],
    ['listen', 50, 201],
    ['accept', 43, 202],
    ['accept4', 288, 242],
  ),
  {
    ...{
      name: 'socketpair',
      x64: 53,
      arm64: 199,
      why: 'libuv makes the pipes of child processes with it: AF_UNIX only',
    },
    rule: { argument: 0, mask: 0xffffffff, allowIfEqual: AF_UNIX },
  },
  ...refuse(
    "reads or steers another process's memory or files; the engine child holds opened rows",
    ['ptrace', 101, 117],
    ['process_vm_readv', 310, 270],
    ['process_vm_writev', 311, 271],
    ['process_madvise', 440, 440],
    ['kcmp', 312, 272],
    ['pidfd_getfd', 438, 438],
  ),
  ...refuse(
    'changes what the file system shows; the mounts are the wall',
    ['mount', 165, 40],
    ['umount2', 166, 39],
    ['pivot_root', 155, 41],
    ['chroot', 161, 51],
    ['open_tree', 428, 428],
    ['move_mount', 429, 429],
    ['fsopen', 430, 430],
    ['fsconfig', 431, 431],
    ['fsmount', 432, 432],
    ['fspick', 433, 433],
    ['mount_setattr', 442, 442],
  ),
  ...refuse(
    'a new user namespace gives back every capability inside it, and with it most kernel attack surface',
    ['unshare', 272, 97],
    ['setns', 308, 268],
  ),
  {
    ...{ name: 'clone', x64: 56, arm64: 220, why: 'threads and children, but no new namespaces' },
    rule: { argument: 0, denyIfAnyOf: CLONE_NEW_NAMESPACE },
  },
  {
    ...{
      name: 'clone3',
      x64: 435,
      arm64: 435,
      why: 'its flags lie behind a pointer; ENOSYS makes libc fall back to clone',
    },
    rule: { deny: 'ENOSYS' },
  },
  ...refuse(
    'kernel keyrings are shared across namespaces',
    ['add_key', 248, 217],
    ['request_key', 249, 218],
    ['keyctl', 250, 219],
  ),
  ...refuse(
    'large kernel attack surface nothing here needs; io_uring also opens sockets past this filter',
    ['bpf', 321, 280],
    ['perf_event_open', 298, 241],
    ['userfaultfd', 323, 282],
    ['io_uring_setup', 425, 425],
    ['io_uring_enter', 426, 426],
    ['io_uring_register', 427, 427],
    ['fanotify_init', 300, 262],
    ['fanotify_mark', 301, 263],
    ['lookup_dcookie', 212, 18],
    ['memfd_secret', 447, 447],
    ['vmsplice', 278, 75],
    ['mbind', 237, 235],
    ['set_mempolicy', 238, 237],
    ['set_mempolicy_home_node', 450, 450],
    ['migrate_pages', 256, 238],
    ['move_pages', 279, 239],
  ),
  ...refuse(
    'file handles reach files outside the mounts',
    ['name_to_handle_at', 303, 264],
    ['open_by_handle_at', 304, 265],
  ),
  ...refuse(
    'loads or replaces kernel code',
    ['kexec_load', 246, 104],
    ['kexec_file_load', 320, 294],
    ['init_module', 175, 105],
    ['finit_module', 313, 273],
    ['delete_module', 176, 106],
    ['create_module', 174, null],
    ['get_kernel_syms', 177, null],
    ['query_module', 178, null],
  ),
  ...refuse(
    'weakens the layout of the own address space or reaches hardware (vm86 exists only in the 32-bit ABI, which is killed)',
    ['personality', 135, 92],
    ['modify_ldt', 154, null],
    ['ioperm', 173, null],
    ['iopl', 172, null],
    ['uselib', 134, null],
  ),
  ...refuse(
    'administers the machine',
    ['swapon', 167, 224],
    ['swapoff', 168, 225],
    ['reboot', 169, 142],
    ['acct', 163, 89],
    ['quotactl', 179, 60],
    ['quotactl_fd', 443, 443],
    ['syslog', 103, 116],
    ['sethostname', 170, 161],
    ['setdomainname', 171, 162],
    ['vhangup', 153, 58],
    ['nfsservctl', 180, 42],
    ['_sysctl', 156, null],
    ['sysfs', 139, null],
    ['ustat', 136, null],
  ),
  ...refuse(
    'the clock decides expiry and slots',
    ['settimeofday', 164, 170],
    ['clock_settime', 227, 112],
    ['adjtimex', 159, 171],
    ['clock_adjtime', 305, 266],
  ),
  {
    ...{ name: 'mknod', x64: 133, arm64: null, why: 'the loading FIFO and nothing else: no devices' },
    rule: { argument: 1, mask: FILE_TYPE_MASK, allowIfEqual: FIFO },
  },
  {
    ...{ name: 'mknodat', x64: 259, arm64: 33, why: 'the loading FIFO and nothing else: no devices' },
    rule: { argument: 2, mask: FILE_TYPE_MASK, allowIfEqual: FIFO },
  },
  {
    ...{ name: 'ioctl', x64: 16, arm64: 29, why: 'no typing into a terminal (CVE-2017-5226, CVE-2023-28100)' },
    rule: { argument: 1, denyIfEqual: [TIOCSTI, TIOCLINUX] },
  },
];

/** The last call number the list above was reviewed against (`removexattrat`, Linux 6.13); newer ones answer ENOSYS. */
export const LAST_REVIEWED_CALL = 466;

const AUDIT_ARCH: Record<FilterArchitecture, number> = { x64: 0xc000003e, arm64: 0xc00000b7 };
const X32_BIT = 0x40000000;
const ANSWER = { allow: 0x7fff0000, kill: 0x80000000, EPERM: 0x00050001, ENOSYS: 0x00050026 } as const;
const OFFSET = { number: 0, architecture: 4, argument: (index: number) => 16 + 8 * index } as const;

/** One `struct sock_filter`. */
type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, k: number];
const load = (offset: number): Instruction => [0x20, 0, 0, offset];
const and = (mask: number): Instruction => [0x54, 0, 0, mask];
const ifEqual = (k: number, ifTrue: number, ifFalse: number): Instruction => [0x15, ifTrue, ifFalse, k];
const ifGreater = (k: number, ifTrue: number, ifFalse: number): Instruction => [0x25, ifTrue, ifFalse, k];
const ifAnyBit = (k: number, ifTrue: number, ifFalse: number): Instruction => [0x45, ifTrue, ifFalse, k];
const answer = (k: number): Instruction => [0x06, 0, 0, k];

/** The instructions of one matched call; every path ends in an answer, so the call number need not be loaded again. */
function answerOf(rule: CallRule): readonly Instruction[] {
  if ('deny' in rule) return [answer(ANSWER[rule.deny])];
  const argument = load(OFFSET.argument(rule.argument));
  const [allow, deny] = [answer(ANSWER.allow), answer(ANSWER.EPERM)];
  if ('denyIfAnyOf' in rule) return [argument, ifAnyBit(rule.denyIfAnyOf, 1, 0), allow, deny];
  if ('denyIfEqual' in rule) {
    const values = rule.denyIfEqual;
    return [argument, ...values.map((value, at) => ifEqual(value, values.length - at, 0)), allow, deny];
  }
  return [argument, and(rule.mask), ifEqual(rule.allowIfEqual, 0, 1), allow, deny];
}

/**
 * The filter as the bytes of an array of `struct sock_filter` (8 bytes each, little-endian).
 * Refused calls answer EPERM or ENOSYS; a foreign architecture kills the process.
 */
export function seccompProgram(architecture: FilterArchitecture): Uint8Array<ArrayBuffer> {
  const program: Instruction[] = [
    load(OFFSET.architecture),
    ifEqual(AUDIT_ARCH[architecture], 1, 0),
    answer(ANSWER.kill),
    load(OFFSET.number),
    ifAnyBit(X32_BIT, 0, 1),
    answer(ANSWER.ENOSYS),
    ifGreater(LAST_REVIEWED_CALL, 0, 1),
    answer(ANSWER.ENOSYS),
  ];
  for (const call of REFUSED_CALLS) {
    const number = call[architecture];
    if (number === null) continue;
    const body = answerOf(call.rule);
    program.push(ifEqual(number, 0, body.length), ...body);
  }
  program.push(answer(ANSWER.allow));
  const view = new DataView(new ArrayBuffer(8 * program.length));
  program.forEach(([code, ifTrue, ifFalse, k], at) => {
    view.setUint16(8 * at, code, true);
    view.setUint8(8 * at + 2, ifTrue);
    view.setUint8(8 * at + 3, ifFalse);
    view.setUint32(8 * at + 4, k, true);
  });
  return new Uint8Array(view.buffer);
}
