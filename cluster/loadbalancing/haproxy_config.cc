#include "cluster/loadbalancing/haproxy_config.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "cluster/loadbalancing/config_text.h"
#include "cluster/loadbalancing/group_config.h"
#include "cluster/loadbalancing/request_log.h"
#include "cluster/loadbalancing/routing.h"
#include "cluster/loadbalancing/rule_actions.h"

namespace ikada {
namespace {

using Lines = std::vector<std::string>;

void append(Lines& to, const Lines& more) { to.insert(to.end(), more.begin(), more.end()); }

int idle_seconds(const PlannedListener& listener) {
  return attribute_number(listener.attributes,
                          "idle_timeout.timeout_seconds",
                          {.least = 1, .most = 4000, .otherwise = 60});
}

Lines global_lines(const BalancerPlan& plan, const HaproxyPaths& paths, const std::string& hash) {
  Lines lines = {"description ikada-" + hash,
                 fmt::format("stats socket {} mode 600 level admin expose-fd listeners",
                             config_word(paths.runtime_socket)),
                 "stats timeout 10s",
                 // As many connections as the host's limit of descriptors allows, up to 20000.
                 "fd-hard-limit 40100",
                 "mworker-max-reloads 20",
                 "hard-stop-after 1h",
                 // First checks begin at once, not spread over the interval: HAProxy waits this
                 // long before that of a server that is added.
                 "max-spread-checks 50",
                 "ssl-default-bind-options ssl-min-ver TLSv1.2"};
  if (!paths.jail.empty()) lines.push_back("chroot " + config_word(paths.jail));
  if (!paths.user.empty()) lines.push_back("user " + config_word(paths.user));
  for (const PlannedListener& listener : plan.listeners) {
    const bool tells = !paths.log_socket.empty() && !is_network_protocol(listener.protocol);
    if (tells) lines.push_back(request_log_start(listener));
  }
  return lines;
}

Lines default_lines() {
  return {"mode http",
          "timeout connect 1s",
          "timeout client 60s",
          "timeout server 60s",
          "timeout http-request 60s",
          "option idle-close-on-response",
          "option redispatch 1",
          "retries 3",
          "retry-on conn-failure empty-response"};
}

std::string bind_line(const PlannedListener& listener) {
  std::string line =
      fmt::format("bind {}:{}",
                  listener.address.empty() ? "0.0.0.0" : config_word(listener.address),
                  listener.port);
  // An address that moves between hosts may not be on this one yet.
  if (!listener.address.empty()) line += " transparent";
  if (listener.protocol != "HTTPS") return line;
  line += " ssl";
  for (const std::string& file : listener.certificate_files) line += " crt " + config_word(file);
  // The others allow TLS 1.2, too, which is what HAProxy is told for all.
  if (listener.ssl_policy.find("TLS13-1-3") != std::string::npos) line += " ssl-min-ver TLSv1.3";
  return line + " alpn h2,http/1.1";
}

Lines forwarded_header_lines(const PlannedListener& listener) {
  const std::string mode =
      attribute_text(listener.attributes, "routing.http.xff_header_processing.mode");
  Lines lines;
  if (mode == "remove") lines.emplace_back("http-request del-header X-Forwarded-For");
  if (mode != "remove" && mode != "preserve") {
    // Several lines are one list, too.
    lines.emplace_back(
        "http-request add-header X-Forwarded-For %[src] "
        "if { req.fhdr_cnt(x-forwarded-for) gt 1 }");
    lines.emplace_back(
        "http-request set-header X-Forwarded-For "
        "'%[req.fhdr(x-forwarded-for)], %[src]' "
        "if { req.fhdr_cnt(x-forwarded-for) eq 1 }");
    lines.emplace_back("option forwardfor if-none");
  }
  const bool is_tls = listener.protocol == "HTTPS";
  lines.push_back(
      fmt::format("http-request set-header X-Forwarded-Proto {}", is_tls ? "https" : "http"));
  lines.push_back(fmt::format("http-request set-header X-Forwarded-Port {}", listener.port));
  return lines;
}

Lines listener_lines(const PlannedListener& listener,
                     const std::set<std::string>& groups,
                     const HaproxyPaths& paths) {
  Lines lines = {bind_line(listener),
                 fmt::format("timeout client {}s", idle_seconds(listener)),
                 fmt::format("timeout http-keep-alive {}s", idle_seconds(listener)),
                 // Sending these twice could do something twice.
                 "http-request disable-l7-retry unless "
                 "{ method GET HEAD OPTIONS TRACE PUT DELETE }"};
  append(lines, request_log_lines(listener, paths.log_socket));
  append(lines, forwarded_header_lines(listener));
  append(lines, routing_lines(listener, groups));
  return lines;
}

// Of a network load balancer: what the kernel's table has not passed on already.
Lines network_listener_lines(const PlannedListener& listener, const std::set<std::string>& groups) {
  Lines lines = {"mode tcp", bind_line(listener), "timeout client 350s"};
  if (only_group(listener.default_actions, groups).empty()) {
    lines.emplace_back("tcp-request connection reject");
    return lines;
  }
  append(lines, default_backend_lines(only_group(listener.default_actions, groups)));
  return lines;
}

void write_section(std::string& text, const std::string& title, const Lines& lines) {
  text += title + "\n";
  for (const std::string& line : lines) text += "  " + line + "\n";
  text += "\n";
}

// A section of a group, with its servers, if `servers` is not null.
void write_group(std::string& text,
                 const std::string& section,
                 Lines lines,
                 const ConfiguredServers* servers) {
  if (servers != nullptr && servers->contains(section)) {
    for (const ConfiguredServer& server : servers->at(section)) {
      lines.push_back(fmt::format("server {} {} weight {}",
                                  section_name(server.name),
                                  config_word(server.address),
                                  server.weight));
    }
  }
  write_section(text, "backend " + section, lines);
}

std::string body_text(const BalancerPlan& plan,
                      const HaproxyPaths& paths,
                      const ConfiguredServers* servers) {
  std::set<std::string> groups;
  for (const PlannedGroup& group : plan.groups) groups.insert(group.name);
  std::map<std::string, int> idle;
  std::string text;
  write_section(text, "defaults", default_lines());
  for (const PlannedListener& listener : plan.listeners) {
    if (listener.protocol == "UDP") continue;
    write_section(text,
                  "frontend " + listener_section(listener.name),
                  is_network_protocol(listener.protocol) ? network_listener_lines(listener, groups)
                                                         : listener_lines(listener, groups, paths));
    for (const std::string& group : used_groups(listener, groups)) {
      idle[group] = std::max(idle[group], idle_seconds(listener));
    }
  }
  for (const PlannedGroup& group : plan.groups) {
    const GroupTimes times = {.idle_seconds = idle.contains(group.name) ? idle[group.name] : 60};
    const auto write = [&](const std::string& section, Lines lines, const std::string& options) {
      if (!options.empty()) lines.push_back("default-server " + options);
      write_group(text, section, std::move(lines), servers);
    };
    write(group_section(group.name),
          checked_section_lines(group, times),
          checked_server_options(group));
    write(open_section(group.name), open_section_lines(group, times), open_server_options(group));
  }
  return text;
}

}  // namespace

HaproxyConfig haproxy_config(const BalancerPlan& plan,
                             const HaproxyPaths& paths,
                             const ConfiguredServers& servers) {
  std::string for_hash;
  write_section(for_hash, "global", global_lines(plan, paths, ""));
  HaproxyConfig config;
  config.hash = short_hash(for_hash + paths.certificates_stamp + body_text(plan, paths, nullptr));
  write_section(config.text, "global", global_lines(plan, paths, config.hash));
  config.text += body_text(plan, paths, &servers);
  return config;
}

}  // namespace ikada
