#include "net/return_routes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <set>
#include <vector>

#include "net/flow_marks.h"
#include "net/netlink_answer.h"

namespace ikada {

namespace {

constexpr std::uint8_t kOrigin = 74;
constexpr std::uint32_t kSkipPriority = 7440;
constexpr std::uint32_t kMarkPriority = 7441;
constexpr std::uint32_t kEndPriority = 7442;

// What tells one of our rules from another.
struct ReturnRule {
  std::uint32_t priority = 0;
  std::uint32_t mark = 0;

  auto operator<=>(const ReturnRule&) const = default;
};

std::set<ReturnRule> plan_rules(std::span<const ReturnRoute> wanted) {
  if (wanted.empty()) return {};
  std::set<ReturnRule> rules = {{.priority = kEndPriority, .mark = 0},
                                {.priority = kSkipPriority, .mark = kReturnMarks}};
  for (const ReturnRoute& each : wanted) {
    rules.insert({.priority = kMarkPriority, .mark = each.mark});
  }
  return rules;
}

Result<std::set<ReturnRule>> list_rules(NetlinkSocket& socket) {
  NetlinkBatch batch;
  batch.begin(RTM_GETRULE, NLM_F_DUMP);
  fib_rule_hdr wanted{};
  wanted.family = AF_INET;
  batch.put(wanted);
  IK_LET(messages, ask_kernel(socket, batch, "list routing rules"));
  std::set<ReturnRule> rules;
  for (const std::vector<std::byte>& message : messages) {
    const NetlinkBytes attributes = attributes_of<fib_rule_hdr>(message);
    if (find_number<std::uint8_t>(attributes, FRA_PROTOCOL) != kOrigin) continue;
    rules.insert({.priority = find_number<std::uint32_t>(attributes, FRA_PRIORITY),
                  .mark = find_number<std::uint32_t>(attributes, FRA_FWMARK)});
  }
  return rules;
}

Result<std::set<ReturnRoute>> list_return_routes(NetlinkSocket& socket) {
  NetlinkBatch batch;
  batch.begin(RTM_GETROUTE, NLM_F_DUMP);
  rtmsg wanted{};
  wanted.rtm_family = AF_INET;
  batch.put(wanted);
  IK_LET(messages, ask_kernel(socket, batch, "list routes"));
  std::set<ReturnRoute> routes;
  for (const std::vector<std::byte>& message : messages) {
    const NetlinkBytes attributes = attributes_of<rtmsg>(message);
    const auto table = find_number<std::uint32_t>(attributes, RTA_TABLE);
    const bool is_ours = header_of<rtmsg>(message).rtm_protocol == kOrigin &&
                         (table & kFlowMarkMask) == kReturnMarks;
    if (!is_ours) continue;
    routes.insert(
        {.mark = table, .gateway = ntohl(find_number<std::uint32_t>(attributes, RTA_GATEWAY))});
  }
  return routes;
}

NetlinkBatch change_rule(bool is_new, const ReturnRule& rule) {
  fib_rule_hdr header{};
  header.family = AF_INET;
  header.action = FR_ACT_TO_TBL;
  if (rule.priority == kSkipPriority) {
    header.action = FR_ACT_GOTO;
    header.flags = FIB_RULE_INVERT;
  }
  if (rule.priority == kEndPriority) header.action = FR_ACT_NOP;
  NetlinkBatch batch;
  batch.begin(is_new ? RTM_NEWRULE : RTM_DELRULE, is_new ? NLM_F_CREATE | NLM_F_EXCL : 0);
  batch.put(header);
  batch.attribute(FRA_PRIORITY, rule.priority);
  batch.attribute(FRA_PROTOCOL, kOrigin);
  if (rule.priority == kSkipPriority) batch.attribute(FRA_GOTO, kEndPriority);
  if (rule.priority == kMarkPriority) batch.attribute(FRA_TABLE, rule.mark);
  if (rule.mark != 0) {
    batch.attribute(FRA_FWMARK, rule.mark);
    batch.attribute(FRA_FWMASK, rule.priority == kMarkPriority ? UINT32_MAX : kFlowMarkMask);
  }
  return batch;
}

NetlinkBatch change_route(bool is_new, const ReturnRoute& route, std::uint32_t device) {
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_table = RT_TABLE_UNSPEC;
  header.rtm_protocol = kOrigin;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_UNICAST;
  header.rtm_flags = RTNH_F_ONLINK;
  NetlinkBatch batch;
  batch.begin(is_new ? RTM_NEWROUTE : RTM_DELROUTE, is_new ? NLM_F_CREATE | NLM_F_REPLACE : 0);
  batch.put(header);
  batch.attribute(RTA_TABLE, route.mark);
  batch.attribute(RTA_OIF, device);
  batch.attribute(RTA_GATEWAY, htonl(route.gateway));
  return batch;
}

Result<void> send_change(NetlinkSocket& socket, const NetlinkBatch& batch, bool is_new) {
  IK_LET(replies, socket.exchange(batch));
  const int error = replies[0].error;
  const bool is_done = is_new ? error == EEXIST : error == ENOENT || error == ESRCH;
  if (error == 0 || is_done) return {};
  return netlink_error(replies[0], "the way back of balanced connections");
}

}  // namespace

Result<void> apply_return_routes(const std::string& device, std::span<const ReturnRoute> wanted) {
  IK_LET(socket, NetlinkSocket::open(NETLINK_ROUTE));
  const std::uint32_t index = if_nametoindex(device.c_str());
  IK_LET(rules, list_rules(socket));
  IK_LET(routes, list_return_routes(socket));
  const std::set<ReturnRule> wanted_rules = plan_rules(wanted);
  const std::set<ReturnRoute> wanted_routes(wanted.begin(), wanted.end());
  for (const ReturnRule& rule : rules) {
    if (wanted_rules.contains(rule)) continue;
    IK_TRY(send_change(socket, change_rule(false, rule), false));
  }
  for (const ReturnRoute& route : routes) {
    if (wanted_routes.contains(route)) continue;
    IK_TRY(send_change(socket, change_route(false, route, index), false));
  }
  for (const ReturnRoute& route : wanted_routes) {
    if (routes.contains(route)) continue;
    IK_TRY(send_change(socket, change_route(true, route, index), true));
  }
  for (const ReturnRule& rule : wanted_rules) {
    if (rules.contains(rule)) continue;
    IK_TRY(send_change(socket, change_rule(true, rule), true));
  }
  return {};
}

}  // namespace ikada
