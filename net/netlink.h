// Netlink requests built and exchanged by this process, for the few messages that a container's
// network needs.
//
//   NetlinkBatch batch;
//   batch.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
//   batch.put(ifinfomsg{.ifi_change = IFF_UP, .ifi_flags = IFF_UP});
//   batch.attribute(IFLA_IFNAME, "ikada0");
//   IK_LET(replies, socket.exchange(batch));
//
// Why not libnl: its static library adds 400 KB to ikada-runtime and brings getaddrinfo, thus NSS,
// which the static program must not have; and two ways to speak netlink are one too many.
//
// Source: netlink(7), rtnetlink(7); Linux include/uapi/linux/netlink.h.
#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

// Messages with the sequence numbers 1…count(), each asking for an acknowledgement.
class NetlinkBatch {
 public:
  // Starts a message; NLM_F_REQUEST and NLM_F_ACK are added to `flags`.
  void begin(std::uint16_t type, unsigned flags = 0);

  // The family's fixed header, right after begin().
  template <typename Header>
  requires std::is_trivially_copyable_v<Header>
  void put(const Header& header) { append(&header, sizeof header); }

  // One attribute: bytes as they are, a text with its NUL, or a number in host order.
  void attribute(unsigned type, std::span<const std::byte> bytes);
  void attribute(unsigned type, std::string_view text);
  void attribute(unsigned type, std::uint32_t number);
  void attribute(unsigned type, std::uint8_t number);

  // The attributes until close() lie inside this one.
  [[nodiscard]] size_t open(unsigned type);
  void close(size_t nest);

  const std::vector<std::byte>& bytes() const { return bytes_; }
  unsigned count() const { return count_; }

 private:
  void append(const void* data, size_t size);

  std::vector<std::byte> bytes_;
  size_t message_ = 0;  // Where the last message starts.
  unsigned count_ = 0;
};

// What the kernel said to one request.
struct NetlinkReply {
  int error = 0;                                 // 0 or an errno value.
  std::string text = {};                         // The kernel's explanation, often empty.
  std::vector<std::vector<std::byte>> messages;  // The payloads of its answer, after nlmsghdr.
};

class NetlinkSocket {
 public:
  // `protocol` is NETLINK_ROUTE or NETLINK_NETFILTER.
  static Result<NetlinkSocket> open(int protocol);

  // Sends the batch and waits for all replies, one for each request in order. The kernel carries
  // out later requests also after one failed. Errors of requests are in the replies.
  Result<std::vector<NetlinkReply>> exchange(const NetlinkBatch& batch);

  // The same for requests that must all succeed: the first error, with `what` in front.
  Result<void> carry_out(const NetlinkBatch& batch, std::string_view what);

 private:
  explicit NetlinkSocket(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

// The error of a reply: "what: No such device", or with the kernel's explanation in brackets.
Error netlink_error(const NetlinkReply& reply, std::string_view what);

// The value of attribute `type` among the attributes in `attributes`; empty if it is not there.
std::span<const std::byte> find_attribute(std::span<const std::byte> attributes, unsigned type);

}  // namespace ikada
