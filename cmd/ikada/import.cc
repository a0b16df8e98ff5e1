#include "image/import.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/input_archive.h"
#include "cmd/ikada/open_store.h"
#include "image/config_change.h"
#include "image/http_client.h"
#include "image/platform.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

struct ImportCommandOptions {
  std::string source;
  std::string name;
  std::string message;
  std::string platform;
  std::vector<std::string> changes;
};

bool is_url(const std::string& source) {
  return source.starts_with("http://") || source.starts_with("https://");
}

// The server's answer in a file that has no name, ready to be read.
Result<UniqueFd> download(const std::string& url, const std::string& directory) {
  IK_LET(file, open_file(directory, O_RDWR | O_TMPFILE, 0600));
  IK_LET(client, HttpClient::create({}));
  OutgoingRequest request{.url = url};
  request.sink = [&file](std::string_view bytes) { return write_all(file.get(), bytes); };
  IK_LET(response, client->send(request));
  if (response.status != 200) {
    return make_error(ErrorKind::kUnavailable, "GET {}: status {}", url, response.status);
  }
  if (::lseek(file.get(), 0, SEEK_SET) < 0) return errno_error("seek");
  return file;
}

Result<UniqueFd> open_source(const std::string& source, const ImageStore& store) {
  if (is_url(source)) return download(source, store.root() + "/images/partial");
  return open_input_archive(source == "-" ? "" : source);
}

Result<void> import(const ImportCommandOptions& options, const Context& context) {
  ImportOptions wish{.message = options.message};
  if (wish.message.empty()) wish.message = "Imported from " + options.source;
  if (!options.name.empty()) {
    IK_LET(reference, parse_reference(options.name));
    if (!reference.digest.empty()) {
      return make_error(ErrorKind::kInvalid, "refusing to create a tag with a digest reference");
    }
    wish.name = reference.canonical();
  }
  Platform platform = host_platform();
  if (!options.platform.empty()) {
    IK_LET(parsed, parse_platform(options.platform));
    platform = std::move(parsed);
  }
  wish.config.os = platform.os;
  wish.config.architecture = platform.architecture;
  wish.config.variant = platform.variant;
  IK_TRY(apply_config_changes(options.changes, wish.config));
  IK_LET(store, open_store(context));
  IK_LET(source, open_source(options.source, store));
  IK_LET(image, import_tar(store, source.get(), wish));
  ::printf("%s\n", image.id.c_str());
  return {};
}

}  // namespace

void add_import_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<ImportCommandOptions>();
  CLI::App* command = app.add_subcommand("import", "Make an image from a tar archive of files");
  command->add_option("source", options->source, "A file, an URL, or - for stdin")->required();
  command->add_option("name", options->name, "REPOSITORY[:TAG]");
  command->add_option("-c,--change", options->changes, "A Dockerfile instruction for the new image")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("-m,--message", options->message, "Comment in the image's history");
  command->add_option("--platform", options->platform, "OS/ARCH[/VARIANT], e.g. linux/arm64");
  command->callback([options, &context] { context.finish(import(*options, context)); });
}

}  // namespace ikada
