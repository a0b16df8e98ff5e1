#include "net/attachment.h"

#include <linux/rtnetlink.h>
#include <string.h>

#include <doctest/doctest.h>

#include "runtime/base/random_id.h"

namespace ikada {
namespace {

NetworkAttachment make_attachment() {
  return {.bridge = "ikada0",
          .host_interface = "vk0123456789",
          .address = "10.88.0.5",
          .prefix_length = 16,
          .gateway = "10.88.0.1",
          .mac = "02:42:0a:58:00:05"};
}

// One line for each message: type, flags, sequence number, payload in hexadecimal.
std::string text_of(const InsidePlan& plan) {
  std::string text;
  for (size_t at = 0; at < plan.messages.size();) {
    nlmsghdr header{};
    memcpy(&header, &plan.messages[at], sizeof header);
    text +=
        fmt::format("{} {:#x} {} {}\n",
                    header.nlmsg_type,
                    header.nlmsg_flags,
                    header.nlmsg_seq,
                    to_hex(&plan.messages[at + sizeof header], header.nlmsg_len - sizeof header));
    at += NLMSG_ALIGN(header.nlmsg_len);
  }
  return text;
}

TEST_CASE("a container without a network gets lo up and nothing else") {
  const InsidePlan plan = plan_inside(nullptr);

  CHECK(plan.count == 1);
  CHECK(text_of(plan) == "19 0x5 1 00000000010000000100000001000000\n");
}

TEST_CASE("the inside is lo up, an address, the interface up and a default route") {
  const NetworkAttachment attachment = make_attachment();

  const InsidePlan plan = plan_inside(&attachment);

  CHECK(plan.count == 4);
  CHECK(text_of(plan) ==
        "19 0x5 1 00000000010000000100000001000000\n"
        // /16 on interface 64: IFA_LOCAL, IFA_ADDRESS, IFA_BROADCAST.
        "20 0x605 2 0210000040000000080002000a58000508000100"
        "0a580005080004000a58ffff\n"
        "19 0x5 3 00000000400000000100000001000000\n"
        // A unicast route of the main table: RTA_GATEWAY.
        "24 0x605 4 02000000fe03000100000000080005000a580001\n");
}

TEST_CASE("an attachment survives JSON") {
  const NetworkAttachment attachment = make_attachment();

  const auto read = parse_network_attachment(to_json(attachment));

  REQUIRE(read.has_value());
  CHECK(to_json(*read) == to_json(attachment));
}

TEST_CASE("an attachment that the kernel or nft could misread is refused") {
  const auto refuses = [](const char* key, const Json& value) {
    Json json = to_json(make_attachment());
    json[key] = value;
    return !parse_network_attachment(json).has_value();
  };

  CHECK(refuses("bridge", "ikada0\n"));
  CHECK(refuses("host_interface", "vk0123456789abcdef"));
  CHECK(refuses("container_interface", "../eth0"));
  CHECK(refuses("address", "10.88.0.5/16"));
  CHECK(refuses("gateway", ""));
  CHECK(refuses("prefix_length", 33));
  CHECK(refuses("mac", "02:42"));
}

}  // namespace
}  // namespace ikada
