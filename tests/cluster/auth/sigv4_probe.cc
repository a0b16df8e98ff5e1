// Reads requests, one JSON object in a line, and writes what verify() says of each: "ok KEY REGION
// SERVICE" or a refusal's code.
//
//   {"method": "POST", "path": "/", "query": "a=b", "headers": [["Host", "x"]], "body": "HEX",
//    "now": SECONDS}
//
// The keys are those of the arguments: ID SECRET TOKEN, "-" for no token.
#include <iostream>
#include <map>

#include "cluster/auth/percent_encoding.h"
#include "cluster/auth/sigv4.h"
#include "runtime/base/json.h"

namespace ikada::auth {
namespace {

std::string from_hex(const std::string& digits) {
  std::string escaped;
  for (size_t i = 0; i + 1 < digits.size(); i += 2) escaped += '%' + digits.substr(i, 2);
  return percent_decode(escaped).value();
}

std::string answer(const std::string& line, const std::map<std::string, AccessKey>& keys) {
  const Result<Json> json = parse_json(line);
  if (!json.has_value()) return "unreadable: " + json.error().message;
  const auto text = [&json](const char* key) { return json->at(key).get<std::string>(); };
  const std::string method = text("method");
  const std::string path = text("path");
  const std::string query = text("query");
  const std::string body = from_hex(text("body"));
  std::vector<std::pair<std::string, std::string>> headers;
  for (const Json& each : json->at("headers")) {
    headers.emplace_back(each.at(0).get<std::string>(), each.at(1).get<std::string>());
  }
  std::vector<HeaderField> fields;
  for (const auto& [name, value] : headers) fields.push_back({.name = name, .value = value});
  const FindAccessKey find = [&keys](std::string_view id) {
    const auto found = keys.find(std::string(id));
    return found == keys.end() ? nullptr : &found->second;
  };
  const Result<Caller> caller =
      verify({.method = method, .path = path, .query = query, .headers = fields, .body = body},
             find,
             json->at("now").get<std::int64_t>() * 1'000'000'000);
  if (!caller.has_value()) return caller.error().code;
  return "ok " + caller->access_key_id + " " + caller->region + " " + caller->service;
}

int run(int count, char** words) {
  std::map<std::string, AccessKey> keys;
  for (int i = 1; i + 2 < count; i += 3) {
    AccessKey& key = keys[words[i]];
    key.id = words[i];
    key.secret = Secret(words[i + 1]);
    if (std::string_view(words[i + 2]) != "-") key.session_token = Secret(words[i + 2]);
  }
  std::string line;
  while (std::getline(std::cin, line)) std::cout << answer(line, keys) << '\n';
  return 0;
}

}  // namespace
}  // namespace ikada::auth

int main(int count, char** words) { return ikada::auth::run(count, words); }
