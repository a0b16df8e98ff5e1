#include "net/nft_losses.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include <array>
#include <string_view>

#include "net/netlink_answer.h"

namespace ikada {

namespace {

// The kernel puts several changes into a datagram, up to a page or two.
constexpr size_t kReceiveBytes = size_t{32} << 10;
constexpr int kMostDatagrams = 64;

// NFTA_TABLE_NAME, NFTA_CHAIN_TABLE and NFTA_RULE_TABLE.
constexpr unsigned kTableName = 1;

constexpr std::string_view kOurs = "ikada";

bool takes_away(unsigned type) {
  if (type >> 8 != NFNL_SUBSYS_NFTABLES) return false;
  const unsigned message = type & 0xff;
  return message == NFT_MSG_DELTABLE || message == NFT_MSG_DELCHAIN || message == NFT_MSG_DELRULE;
}

bool is_of_ours(NetlinkBytes payload) {
  const NetlinkBytes name = find_attribute(attributes_of<nfgenmsg>(payload), kTableName);
  const std::string_view text(reinterpret_cast<const char*>(name.data()), name.size());
  return text.starts_with(kOurs);
}

}  // namespace

Result<UniqueFd> open_nft_changes() {
  UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER));
  if (!fd) return errno_error("netlink socket");
  const int group = NFNLGRP_NFTABLES;
  if (setsockopt(fd.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0) {
    return errno_error("netlink: join the group of nftables");
  }
  return fd;
}

bool tells_nft_loss(std::span<const std::byte> datagram) {
  while (datagram.size() >= sizeof(nlmsghdr)) {
    const auto header = header_of<nlmsghdr>(datagram);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) return false;
    const auto payload = datagram.subspan(sizeof header, header.nlmsg_len - sizeof header);
    if (takes_away(header.nlmsg_type) && is_of_ours(payload)) return true;
    datagram = datagram.subspan(std::min<size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
  }
  return false;
}

Result<bool> take_nft_losses(int fd) {
  bool has_lost = false;
  std::array<std::byte, kReceiveBytes> buffer;
  for (int i = 0; i < kMostDatagrams; ++i) {
    const ssize_t received = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (received < 0 && errno == EINTR) continue;
    if (received < 0 && errno == ENOBUFS) {
      has_lost = true;
      continue;
    }
    if (received < 0) return errno_error("netlink receive");
    const std::span datagram(buffer.data(), static_cast<size_t>(received));
    has_lost = has_lost || tells_nft_loss(datagram);
  }
  return has_lost;
}

}  // namespace ikada
