#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "runtime/init/child.h"
#include "runtime/mount/rooted.h"

namespace ikada {

InitReport open_terminal(const ProgramPlan& plan, int root_fd, Terminal& terminal) {
  if (!plan.terminal) return {};
  // Never by a name below /dev/pts other than ptmx itself: the peer comes from the master.
  const int master = open_rooted(root_fd, "/dev/pts/ptmx", O_RDWR | O_NOCTTY, RESOLVE_NO_SYMLINKS);
  if (master < 0) return failed(InitStep::kTerminal, -master);
  struct statfs filesystem {};
  if (::fstatfs(master, &filesystem) != 0) return failed(InitStep::kTerminal, errno);
  if (filesystem.f_type != DEVPTS_SUPER_MAGIC) return failed(InitStep::kTerminal, ENODEV);
  int unlocked = 0;
  if (::ioctl(master, TIOCSPTLCK, &unlocked) != 0) return failed(InitStep::kTerminal, errno);
  const int peer = ::ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (peer < 0) return failed(InitStep::kTerminal, errno);
  if (plan.console_rows != 0 || plan.console_columns != 0) {
    const winsize size{.ws_row = plan.console_rows,
                       .ws_col = plan.console_columns,
                       .ws_xpixel = 0,
                       .ws_ypixel = 0};
    if (::ioctl(master, TIOCSWINSZ, &size) != 0) return failed(InitStep::kTerminal, errno);
  }
  if (plan.uid != 0 && ::fchown(peer, plan.uid, static_cast<gid_t>(-1)) != 0) {
    return failed(InitStep::kTerminal, errno);
  }
  terminal = Terminal{.master_fd = master, .peer_fd = peer};
  return {};
}

InitReport bind_console(int root_fd, const Terminal& terminal) {
  if (terminal.peer_fd < 0) return {};
  const int target = open_or_make_file(root_fd, "/dev/console", RESOLVE_NO_SYMLINKS);
  if (target < 0) return failed(InitStep::kConsole, -target);
  const int tree = ::open_tree(
      terminal.peer_fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | unsigned{AT_EMPTY_PATH});
  if (tree < 0) return failed(InitStep::kConsole, errno);
  const int result = attach_tree(tree, target);
  ::close(tree);
  ::close(target);
  return result < 0 ? failed(InitStep::kConsole, -result) : InitReport{};
}

}  // namespace ikada
