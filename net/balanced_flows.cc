#include "net/balanced_flows.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>

#include <utility>

#include "net/conntrack.h"
#include "net/flow_marks.h"
#include "net/netlink_answer.h"

namespace ikada {

namespace {

// Of the attributes of one tracked connection.
BalancedFlow read_flow(NetlinkBytes attributes) {
  const NetlinkBytes reply = find_attribute(attributes, CTA_TUPLE_REPLY);
  const NetlinkBytes protocol = find_attribute(reply, CTA_TUPLE_PROTO);
  const NetlinkBytes original = find_attribute(attributes, CTA_TUPLE_ORIG);
  const NetlinkBytes tcp =
      find_attribute(find_attribute(attributes, CTA_PROTOINFO), CTA_PROTOINFO_TCP);
  // Answers come from the target.
  BalancedFlow flow;
  flow.address =
      ntohl(find_number<std::uint32_t>(find_attribute(reply, CTA_TUPLE_IP), CTA_IP_V4_SRC));
  flow.port = ntohs(find_number<std::uint16_t>(protocol, CTA_PROTO_SRC_PORT));
  flow.listener_address =
      ntohl(find_number<std::uint32_t>(find_attribute(original, CTA_TUPLE_IP), CTA_IP_V4_DST));
  flow.listener_port = ntohs(
      find_number<std::uint16_t>(find_attribute(original, CTA_TUPLE_PROTO), CTA_PROTO_DST_PORT));
  flow.is_udp = find_number<std::uint8_t>(protocol, CTA_PROTO_NUM) == IPPROTO_UDP;
  const auto state = find_number<std::uint8_t>(tcp, CTA_PROTOINFO_TCP_STATE);
  flow.is_over = state >= TCP_CONNTRACK_LAST_ACK && state <= TCP_CONNTRACK_CLOSE;
  flow.original.assign(original.begin(), original.end());
  return flow;
}

}  // namespace

Result<std::vector<BalancedFlow>> list_balanced_flows() {
  IK_LET(tracked, list_tracked(kBalancedMarks, kFlowMarkMask));
  std::vector<BalancedFlow> flows;
  flows.reserve(tracked.size());
  for (const std::vector<std::byte>& attributes : tracked) flows.push_back(read_flow(attributes));
  return flows;
}

Result<std::vector<BalancedFlow>> list_unbalanced_flows() {
  IK_LET(tracked, list_tracked_udp());
  std::vector<BalancedFlow> flows;
  for (const std::vector<std::byte>& attributes : tracked) {
    const std::uint32_t mark =
        ntohl(find_number<std::uint32_t>(attributes, CTA_MARK)) & kFlowMarkMask;
    if (mark == kBalancedMarks || mark == kReturnMarks) continue;
    BalancedFlow flow = read_flow(attributes);
    if (flow.is_udp) flows.push_back(std::move(flow));
  }
  return flows;
}

Result<void> forget_balanced_flows(const std::vector<BalancedFlow>& flows) {
  std::vector<std::vector<std::byte>> originals;
  originals.reserve(flows.size());
  for (const BalancedFlow& flow : flows) originals.push_back(flow.original);
  return forget_tracked(originals);
}

}  // namespace ikada
