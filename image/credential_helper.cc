#include "image/credential_helper.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/base/json.h"
#include "runtime/base/text.h"
#include "runtime/sys/program_output.h"

namespace ikada {
namespace {

constexpr std::string_view kNotFound = "credentials not found in native keychain";
// Stands in the place of a user name when the secret is a token.
constexpr std::string_view kTokenUser = "<token>";

bool is_helper_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_letter || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

Result<std::string> find_program(const std::string& program) {
  const char* const path = ::getenv("PATH");
  for (const std::string_view directory : split(path == nullptr ? "/usr/bin:/bin" : path, ':')) {
    if (!directory.starts_with('/')) continue;
    std::string candidate = std::string(directory) + "/" + program;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return make_error(ErrorKind::kUnavailable, "{} is not in $PATH", program);
}

struct Answer {
  int status = 0;
  std::string text;
};

Result<Answer> run_helper(const std::string& name,
                          const std::string& verb,
                          const std::string& input) {
  if (!is_helper_name(name)) {
    return make_error(ErrorKind::kInvalid, "'{}' is no name of a credential helper", name);
  }
  const std::string program = "docker-credential-" + name;
  IK_LET(path, find_program(program));
  IK_LET(output, run_program(path, {program, verb}, input));
  return Answer{.status = output.status.shell_status(), .text = std::string(trim(output.text))};
}

Error helper_error(const std::string& name, const std::string& verb, const Answer& answer) {
  constexpr size_t kShown = 200;
  std::string text = answer.text.substr(0, kShown);
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return make_error(ErrorKind::kUnavailable,
                    "docker-credential-{} {}: {} (status {})",
                    name,
                    verb,
                    text,
                    answer.status);
}

}  // namespace

Result<std::optional<Credentials>> ask_credential_helper(const std::string& name,
                                                         const std::string& server) {
  IK_LET(answer, run_helper(name, "get", server));
  if (answer.status != 0) {
    if (answer.text.find(kNotFound) != std::string::npos) return std::nullopt;
    return helper_error(name, "get", answer);
  }
  IK_LET(json, parse_json(answer.text).context("docker-credential-{}", name));
  JsonReader reader(json, "docker-credential-" + name);
  Credentials credentials;
  reader.require("Username", credentials.username);
  reader.require("Secret", credentials.password);
  IK_TRY(reader.done());
  if (credentials.username == kTokenUser) {
    credentials.username.clear();
    credentials.identity_token = std::move(credentials.password);
    credentials.password.clear();
  }
  return std::optional(std::move(credentials));
}

Result<void> store_in_credential_helper(const std::string& name,
                                        const std::string& server,
                                        const Credentials& credentials) {
  const bool is_token = !credentials.identity_token.empty();
  const Json request = {{"ServerURL", server},
                        {"Username", is_token ? std::string(kTokenUser) : credentials.username},
                        {"Secret", is_token ? credentials.identity_token : credentials.password}};
  IK_LET(answer,
         run_helper(name, "store", request.dump(-1, ' ', false, Json::error_handler_t::replace)));
  if (answer.status != 0) return helper_error(name, "store", answer);
  return {};
}

Result<bool> erase_in_credential_helper(const std::string& name, const std::string& server) {
  IK_LET(answer, run_helper(name, "erase", server));
  if (answer.status == 0) return true;
  if (answer.text.find(kNotFound) != std::string::npos) return false;
  return helper_error(name, "erase", answer);
}

}  // namespace ikada
