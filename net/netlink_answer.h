// Reading what the kernel answers to netlink requests (netlink.h).
#pragma once

#include <string.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

#include "net/netlink.h"

namespace ikada {

using NetlinkBytes = std::span<const std::byte>;

// The family's fixed header; zeros where the message is shorter.
template <typename Header>
requires std::is_trivially_copyable_v<Header> Header header_of(NetlinkBytes message) {
  Header header{};
  memcpy(&header, message.data(), std::min(message.size(), sizeof header));
  return header;
}

template <typename Header>
NetlinkBytes attributes_of(NetlinkBytes message) {
  return message.subspan(std::min(message.size(), sizeof(Header)));
}

// The number in attribute `type`, as it is there; 0 if it is absent or of another size.
template <typename Number>
Number find_number(NetlinkBytes attributes, unsigned type) {
  const NetlinkBytes bytes = find_attribute(attributes, type);
  Number number = 0;
  if (bytes.size() == sizeof number) memcpy(&number, bytes.data(), sizeof number);
  return number;
}

// The messages that answer the only request of `batch`.
inline Result<std::vector<std::vector<std::byte>>> ask_kernel(NetlinkSocket& socket,
                                                              const NetlinkBatch& batch,
                                                              std::string_view what) {
  IK_LET(replies, socket.exchange(batch));
  if (replies[0].error != 0) return netlink_error(replies[0], what);
  return std::move(replies[0].messages);
}

}  // namespace ikada
