#include "net/resolv_conf.h"

#include <arpa/inet.h>

#include <algorithm>

#include "net/ipv4.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {

namespace {

constexpr size_t kMaxBytes = size_t{1} << 20;
constexpr size_t kMaxWord = 253;  // The longest domain name, RFC 1035 section 2.3.4.

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  while (true) {
    line = trim(line);
    if (line.empty()) return words;
    const size_t end = std::min(line.find_first_of(" \t"), line.size());
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

bool is_word(const std::string& text) {
  return !text.empty() && text.size() <= kMaxWord &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

bool is_address(const std::string& text) {
  in6_addr ignored{};
  return parse_ipv4(text).has_value() || inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

bool reachable_from_container(const std::string& server) {
  const auto address = parse_ipv4(server);
  return address && *address >> 24 != 127;
}

Result<void> check(const DnsOptions& options) {
  for (const std::string& server : options.servers) {
    if (!is_address(server)) {
      return make_error(ErrorKind::kInvalid, "not an address of a DNS server: '{}'", server);
    }
  }
  for (const auto* list : {&options.search, &options.options}) {
    for (const std::string& word : *list) {
      if (!is_word(word)) return make_error(ErrorKind::kInvalid, "not a DNS option: '{}'", word);
    }
  }
  return {};
}

}  // namespace

DnsOptions parse_resolv_conf(std::string_view text) {
  DnsOptions found;
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string> words = words_of(line.substr(0, line.find_first_of("#;")));
    if (words.size() < 2) continue;
    if (words[0] == "nameserver") found.servers.push_back(words[1]);
    if (words[0] == "search" || words[0] == "domain")
      found.search = {words.begin() + 1, words.end()};
    if (words[0] == "options") {
      found.options.insert(found.options.end(), words.begin() + 1, words.end());
    }
  }
  return found;
}

std::string read_host_resolv_conf() {
  std::string text = read_file("/etc/resolv.conf", kMaxBytes).value_or("");
  const DnsOptions own = parse_resolv_conf(text);
  if (own.servers == std::vector<std::string>{"127.0.0.53"}) {
    text = read_file("/run/systemd/resolve/resolv.conf", kMaxBytes).value_or(text);
  }
  return text;
}

Result<std::string> plan_resolv_conf(std::string_view host_resolv_conf,
                                     const DnsOptions& options,
                                     bool host_network) {
  IK_TRY(check(options));
  if (host_network && options.servers.empty() && options.search.empty() &&
      options.options.empty()) {
    return std::string(host_resolv_conf);
  }
  DnsOptions result = parse_resolv_conf(host_resolv_conf);
  if (!options.servers.empty()) {
    result.servers = options.servers;
  } else if (!host_network) {
    std::erase_if(result.servers, [](const auto& each) { return !reachable_from_container(each); });
    if (result.servers.empty()) result.servers = {"8.8.8.8", "8.8.4.4"};
  }
  if (!options.search.empty()) result.search = options.search;
  if (result.search == std::vector<std::string>{"."}) result.search.clear();
  if (!options.options.empty()) result.options = options.options;

  std::string text;
  for (const std::string& server : result.servers) text += "nameserver " + server + "\n";
  if (!result.search.empty()) text += "search " + join(result.search, " ") + "\n";
  if (!result.options.empty()) text += "options " + join(result.options, " ") + "\n";
  return text;
}

}  // namespace ikada
