#include "image/credential_helper.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "runtime/base/json.h"
#include "runtime/base/text.h"
#include "runtime/base/unique_fd.h"
#include "runtime/sys/file.h"
#include "runtime/sys/spawn.h"

namespace ikada {
namespace {

constexpr size_t kMaxAnswerBytes = size_t{1} << 20;
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

std::vector<std::string> own_environment() {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  return environment;
}

struct Pipe {
  UniqueFd reads;
  UniqueFd writes;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return errno_error("pipe2");
  return Pipe{.reads = UniqueFd(fds[0]), .writes = UniqueFd(fds[1])};
}

struct Answer {
  int status = 0;
  std::string text;
};

// Requests are far smaller than a pipe's buffer, so writing before reading cannot block.
Result<Answer> run_helper(const std::string& name,
                          const std::string& verb,
                          const std::string& input) {
  if (!is_helper_name(name)) {
    return make_error(ErrorKind::kInvalid, "'{}' is no name of a credential helper", name);
  }
  const std::string program = "docker-credential-" + name;
  IK_LET(path, find_program(program));
  IK_LET(to_helper, make_pipe());
  IK_LET(from_helper, make_pipe());
  IK_LET(pid,
         spawn({.program = path,
                .arguments = {program, verb},
                .environment = own_environment(),
                .fds = {{to_helper.reads.get(), STDIN_FILENO},
                        {from_helper.writes.get(), STDOUT_FILENO}}}));
  to_helper.reads.reset();
  from_helper.writes.reset();
  // A helper that ends without reading must not end us.
  const auto old = ::signal(SIGPIPE, SIG_IGN);
  const Result<void> written = write_all(to_helper.writes.get(), input);
  ::signal(SIGPIPE, old);
  to_helper.writes.reset();
  Result<std::string> text = read_fd(from_helper.reads.get(), kMaxAnswerBytes);
  from_helper.reads.reset();
  IK_LET(ended, wait_for_child(pid));
  if (!text.has_value()) return std::move(text.error());
  Answer answer{.status = ended.shell_status(), .text = std::string(trim(*text))};
  if (answer.status == 0 && !written.has_value()) return written.error();
  return answer;
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
