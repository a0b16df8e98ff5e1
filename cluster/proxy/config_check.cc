#include "cluster/proxy/config_check.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "runtime/base/text.h"
#include "runtime/sys/file.h"
#include "runtime/sys/spawn.h"

namespace ikada {
namespace {

namespace asio = boost::asio;

constexpr std::string_view kAlert = "[ALERT]";

}  // namespace

size_t log_size(const std::string& log) {
  struct stat found {};
  return ::stat(log.c_str(), &found) == 0 ? static_cast<size_t>(found.st_size) : 0;
}

std::string first_alert(const std::string& log, size_t offset) {
  const Result<std::string> text = read_file(log);
  if (!text.has_value() || text->size() <= offset) return "HAProxy said nothing";
  for (const std::string_view line : split(std::string_view(*text).substr(offset), '\n')) {
    if (!line.starts_with(kAlert)) continue;
    const size_t colon = line.find(" : ");
    return std::string(
        trim(line.substr(colon == std::string_view::npos ? kAlert.size() : colon + 3)));
  }
  return "HAProxy gave no reason";
}

Result<void> check_config(asio::io_context& loop,
                          const ConfigCheck& check,
                          const asio::yield_context& yield) {
  IK_LET(log, open_file(check.log, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  SpawnOptions options;
  options.program = check.program;
  options.arguments = {check.program, "-c", "-f", check.config};
  options.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  options.fds = {{log.get(), 1}, {log.get(), 2}};
  options.new_session = true;
  IK_LET(pid, spawn(options));
  Result<UniqueFd> fd = open_pidfd(pid);
  if (fd.has_value()) {
    asio::posix::stream_descriptor pidfd(loop, fd->release());
    boost::system::error_code error;
    pidfd.async_wait(asio::posix::stream_descriptor::wait_read, yield[error]);
  }
  IK_LET(status, wait_for_child(pid));
  if (status.shell_status() == 0) return {};
  return make_error(ErrorKind::kInvalid, "{}", first_alert(check.log));
}

}  // namespace ikada
