#include "net/netlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

namespace ikada {

namespace {

// A dump is delivered in pieces of at most this size (linux/netlink.h: 32 KiB since Linux 4.4).
constexpr size_t kReceiveBytes = size_t{32} << 10;

std::string explanation(std::span<const std::byte> error_payload, unsigned flags) {
  if ((flags & NLM_F_ACK_TLVS) == 0) return {};
  size_t offset = sizeof(nlmsgerr);
  if ((flags & NLM_F_CAPPED) == 0) {
    nlmsgerr error{};
    memcpy(&error, error_payload.data(), sizeof error);
    offset += NLMSG_ALIGN(error.msg.nlmsg_len) - sizeof(nlmsghdr);
  }
  if (offset > error_payload.size()) return {};
  const auto text = find_attribute(error_payload.subspan(offset), NLMSGERR_ATTR_MSG);
  const auto* chars = reinterpret_cast<const char*>(text.data());
  return std::string(chars, strnlen(chars, text.size()));
}

// Files one received message under its request; true if it was the request's last one.
bool take_reply(const nlmsghdr& header,
                std::span<const std::byte> payload,
                std::vector<NetlinkReply>& replies) {
  if (header.nlmsg_seq == 0 || header.nlmsg_seq > replies.size()) return false;
  NetlinkReply& reply = replies[header.nlmsg_seq - 1];
  if (header.nlmsg_type == NLMSG_DONE) return true;
  if (header.nlmsg_type != NLMSG_ERROR) {
    reply.messages.emplace_back(payload.begin(), payload.end());
    return false;
  }
  nlmsgerr error{};
  if (payload.size() < sizeof error) return false;
  memcpy(&error, payload.data(), sizeof error);
  reply.error = -error.error;
  reply.text = explanation(payload, header.nlmsg_flags);
  return true;
}

}  // namespace

void NetlinkBatch::append(const void* data, size_t size) {
  const auto* bytes = static_cast<const std::byte*>(data);
  bytes_.insert(bytes_.end(), bytes, bytes + size);
  bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  nlmsghdr header{};
  memcpy(&header, &bytes_[message_], sizeof header);
  header.nlmsg_len = static_cast<std::uint32_t>(bytes_.size() - message_);
  memcpy(&bytes_[message_], &header, sizeof header);
}

void NetlinkBatch::begin(std::uint16_t type, unsigned flags) {
  message_ = bytes_.size();
  bytes_.resize(message_ + sizeof(nlmsghdr));
  const nlmsghdr header{
      .nlmsg_len = sizeof(nlmsghdr),
      .nlmsg_type = type,
      .nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST | NLM_F_ACK),
      .nlmsg_seq = ++count_,
      .nlmsg_pid = 0,
  };
  memcpy(&bytes_[message_], &header, sizeof header);
}

void NetlinkBatch::attribute(unsigned type, std::span<const std::byte> bytes) {
  const nlattr attribute{.nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + bytes.size()),
                         .nla_type = static_cast<std::uint16_t>(type)};
  append(&attribute, sizeof attribute);
  append(bytes.data(), bytes.size());
}

void NetlinkBatch::attribute(unsigned type, std::string_view text) {
  const std::string terminated(text);
  attribute(type, std::as_bytes(std::span(terminated.c_str(), terminated.size() + 1)));
}

void NetlinkBatch::attribute(unsigned type, std::uint32_t number) {
  attribute(type, std::as_bytes(std::span(&number, 1)));
}

void NetlinkBatch::attribute(unsigned type, std::uint8_t number) {
  attribute(type, std::as_bytes(std::span(&number, 1)));
}

size_t NetlinkBatch::open(unsigned type) {
  const size_t nest = bytes_.size();
  attribute(type | NLA_F_NESTED, std::span<const std::byte>());
  return nest;
}

void NetlinkBatch::close(size_t nest) {
  const auto size = static_cast<std::uint16_t>(bytes_.size() - nest);
  memcpy(&bytes_[nest], &size, sizeof size);
}

Result<NetlinkSocket> NetlinkSocket::open(int protocol) {
  UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!fd) return errno_error("netlink socket");
  // Explanations of errors are a comfort; a kernel without them still works.
  const int on = 1;
  static_cast<void>(setsockopt(fd.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on));
  static_cast<void>(setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on));
  return NetlinkSocket(std::move(fd));
}

Result<std::vector<NetlinkReply>> NetlinkSocket::exchange(const NetlinkBatch& batch) {
  const auto& request = batch.bytes();
  if (::send(fd_.get(), request.data(), request.size(), 0) < 0) return errno_error("netlink send");

  std::vector<NetlinkReply> replies(batch.count());
  std::vector<std::byte> buffer(kReceiveBytes);
  for (unsigned finished = 0; finished < batch.count();) {
    const ssize_t received = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (received < 0 && errno == EINTR) continue;
    if (received < 0) return errno_error("netlink receive");
    std::span<const std::byte> rest(buffer.data(), static_cast<size_t>(received));
    while (rest.size() >= sizeof(nlmsghdr)) {
      nlmsghdr header{};
      memcpy(&header, rest.data(), sizeof header);
      if (header.nlmsg_len < sizeof header || header.nlmsg_len > rest.size()) break;
      const auto payload = rest.subspan(sizeof header, header.nlmsg_len - sizeof header);
      if (take_reply(header, payload, replies)) ++finished;
      rest = rest.subspan(std::min<size_t>(NLMSG_ALIGN(header.nlmsg_len), rest.size()));
    }
  }
  return replies;
}

Result<void> NetlinkSocket::carry_out(const NetlinkBatch& batch, std::string_view what) {
  IK_LET(replies, exchange(batch));
  for (const NetlinkReply& reply : replies) {
    if (reply.error != 0) return netlink_error(reply, what);
  }
  return {};
}

Error netlink_error(const NetlinkReply& reply, std::string_view what) {
  Error error = errno_error_from(reply.error, what);
  if (reply.error == ENODEV || reply.error == ESRCH) error.kind = ErrorKind::kNotFound;
  if (!reply.text.empty()) error.message += " (" + reply.text + ")";
  return error;
}

std::span<const std::byte> find_attribute(std::span<const std::byte> attributes, unsigned type) {
  while (attributes.size() >= sizeof(nlattr)) {
    nlattr attribute{};
    memcpy(&attribute, attributes.data(), sizeof attribute);
    if (attribute.nla_len < NLA_HDRLEN || attribute.nla_len > attributes.size()) return {};
    if ((attribute.nla_type & NLA_TYPE_MASK) == type) {
      return attributes.subspan(NLA_HDRLEN, attribute.nla_len - size_t{NLA_HDRLEN});
    }
    attributes =
        attributes.subspan(std::min<size_t>(NLA_ALIGN(attribute.nla_len), attributes.size()));
  }
  return {};
}

}  // namespace ikada
