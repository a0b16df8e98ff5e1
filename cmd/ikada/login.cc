#include <stdio.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/terminal_prompt.h"
#include "image/credentials.h"
#include "image/reference.h"
#include "image/registry_client.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxPasswordBytes = size_t{64} << 10;

struct LoginOptions {
  std::string server;
  std::string username;
  std::string password;
  bool password_from_stdin = false;
};

Error usage(std::string_view what) { return make_error(ErrorKind::kInvalid, "{}", what); }

Result<std::string> read_password_from_stdin() {
  IK_LET(text, read_fd(STDIN_FILENO, kMaxPasswordBytes).context("password on standard input"));
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

Result<Credentials> ask_for_missing(const LoginOptions& options) {
  Credentials credentials{.username = options.username, .password = options.password};
  if (options.password_from_stdin) {
    IK_LET(password, read_password_from_stdin());
    credentials.password = std::move(password);
  } else if (credentials.username.empty() || credentials.password.empty()) {
    if (::isatty(STDIN_FILENO) == 0) {
      return usage("cannot perform an interactive login from a non TTY device");
    }
    if (credentials.username.empty()) {
      IK_LET(username, prompt_line("Username: "));
      credentials.username = trim(username);
    }
    if (credentials.password.empty()) {
      IK_LET(password, prompt_password("Password: "));
      credentials.password = std::move(password);
    }
  }
  if (credentials.username.empty()) return usage("username is empty");
  if (credentials.password.empty()) return usage("password is empty");
  return credentials;
}

Result<void> check_login_options(const LoginOptions& options) {
  if (!options.password_from_stdin) return {};
  if (!options.password.empty()) {
    return usage("conflicting options: cannot specify both --password and --password-stdin");
  }
  if (options.username.empty()) return usage("--password-stdin needs --username");
  return {};
}

// Whether what is kept for the registry is still accepted; without -u and -p that is enough.
bool is_logged_in(const LoginOptions& options,
                  const std::string& registry,
                  const RegistryOptions& trust) {
  if (!options.username.empty() || !options.password.empty()) return false;
  if (!trust.credentials.has_value()) return false;
  ::fprintf(stderr, "Authenticating with existing credentials...\n");
  return check_credentials(registry, trust).has_value();
}

Result<void> login(const LoginOptions& options, const Context& context) {
  IK_TRY(check_login_options(options));
  IK_LET(registry, parse_registry(options.server.empty() ? "docker.io" : options.server));
  IK_LET(trust, registry_options_for(registry, context.config_path));
  if (!options.password.empty()) {
    ::fprintf(stderr, "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
  }
  if (!is_logged_in(options, registry, trust)) {
    IK_LET(credentials, ask_for_missing(options));
    trust.credentials = credentials;
    IK_TRY(check_credentials(registry, trust).context("login to {}", registry));
    const std::string path = default_credentials_path();
    IK_TRY(save_credentials(path, registry, credentials));
    ::fprintf(stderr, "Credentials are kept in %s.\n", path.c_str());
  }
  ::printf("Login Succeeded\n");
  return {};
}

}  // namespace

void add_login_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<LoginOptions>();
  CLI::App* command = app.add_subcommand("login", "Log in to a registry");
  command->add_option("server", options->server, "Registry, docker.io by default");
  command->add_option("-u,--username", options->username, "User name");
  command->add_option("-p,--password", options->password, "Password; others can see it");
  command->add_flag(
      "--password-stdin", options->password_from_stdin, "Take the password from standard input");
  command->callback([options, &context] { context.finish(login(*options, context)); });
}

}  // namespace ikada
