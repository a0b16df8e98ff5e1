#include "cluster/proxy/request_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <utility>

#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr std::chrono::milliseconds kRest{20};
constexpr size_t kMaxBurst = 128;
constexpr size_t kMaxDatagram = 8192;
constexpr std::uint64_t kWantedQueue = 512;
constexpr const char* kQueueSetting = "/proc/sys/net/unix/max_dgram_qlen";

std::uint64_t queue_length() {
  const Result<std::string> text = read_file(kQueueSetting);
  return parse_unsigned(trim(text.value_or("0"))).value_or(0);
}

bool has_long_queue() {
  if (queue_length() >= kWantedQueue) return true;
  const Result<UniqueFd> setting = open_file(kQueueSetting, O_WRONLY);
  if (!setting.has_value()) return false;
  return write_all(setting->get(), fmt::format("{}", kWantedQueue)).has_value();
}

}  // namespace

Result<std::unique_ptr<RequestSocket>> RequestSocket::open(boost::asio::io_context& loop,
                                                           const std::string& path,
                                                           OnRequests on_requests) {
  constexpr mode_t kEverybody = 0666;
  const bool is_long = has_long_queue();
  const size_t slash = path.rfind('/');
  const std::string name = path.substr(slash + 1);
  IK_LET(directory, open_file(path.substr(0, slash + 1), O_PATH | O_DIRECTORY));
  // The path itself may be longer than an address can be.
  const std::string short_path = fmt::format("/proc/self/fd/{}/{}", directory.get(), name);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  short_path.copy(address.sun_path, sizeof address.sun_path - 1);
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return errno_error("socket");
  if (::unlinkat(directory.get(), name.c_str(), 0) != 0 && errno != ENOENT) {
    return errno_error("remove {}", path);
  }
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return errno_error("bind {}", path);
  }
  if (::fchmodat(directory.get(), name.c_str(), kEverybody, 0) != 0) {
    return errno_error("chmod {}", path);
  }
  return std::unique_ptr<RequestSocket>(
      new RequestSocket(loop, socket.release(), is_long, std::move(on_requests)));
}

RequestSocket::RequestSocket(boost::asio::io_context& loop,
                             int fd,
                             bool is_long,
                             OnRequests on_requests)
    : socket_(loop, fd),
      pause_(loop),
      is_long_(is_long),
      on_requests_(std::move(on_requests)),
      buffer_(kMaxDatagram) {
  wait();
}

void RequestSocket::wait() {
  socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [this, is_here = is_here_](const boost::system::error_code& error) {
                       if (!error && *is_here) read();
                     });
}

void RequestSocket::read() {
  std::vector<RequestRecord> burst;
  size_t count = 0;
  for (; count < kMaxBurst; ++count) {
    const ssize_t size = ::recv(socket_.native_handle(), buffer_.data(), buffer_.size(), 0);
    if (size < 0) break;
    std::optional<RequestRecord> record =
        parse_request_record({buffer_.data(), static_cast<size_t>(size)});
    if (record.has_value()) burst.push_back(std::move(*record));
  }
  const std::shared_ptr<bool> is_here = is_here_;
  if (!burst.empty()) on_requests_(burst);
  if (!*is_here) return;
  // A short queue would be full before the rest is over.
  if (!is_long_ && count < kMaxBurst) return wait();
  pause_.expires_after(kRest);
  pause_.async_wait([this, is_here](const boost::system::error_code& error) {
    if (!error && *is_here) wait();
  });
}

}  // namespace ikada
