#include "image/build/remote_file.h"

#include <fcntl.h>

#include "image/http_client.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// "Wed, 21 Oct 2015 07:28:00 GMT"; 0 for anything else.
std::time_t parse_http_date(const std::string& text) {
  std::tm parts{};
  const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return end != nullptr && *end == '\0' ? ::timegm(&parts) : 0;
}

std::string file_name_of(const std::string& url) {
  std::string_view text = url;
  text = text.substr(0, text.find_first_of("?#"));
  const size_t host = text.find("//");
  const size_t slash = text.rfind('/');
  return slash <= host + 1 ? "" : std::string(text.substr(slash + 1));
}

}  // namespace

Result<RemoteFile> download_file(const std::string& url, const std::string& path) {
  IK_LET(parsed, parse_url(url));
  // What the Dockerfile's author wrote as http is meant so.
  IK_LET(client, HttpClient::create({.insecure_hosts = {parsed.authority()}}));
  IK_LET(fd, open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  Sha256 hash;
  OutgoingRequest request{.url = url};
  request.sink = [&](std::string_view bytes) -> Result<void> {
    hash.update(bytes);
    return write_all(fd.get(), bytes);
  };
  IK_LET(response, client->send(request).context("{}", url));
  if (response.status < 200 || response.status > 299) {
    return make_error(response.status == 404 ? ErrorKind::kNotFound : ErrorKind::kUnavailable,
                      "{}: the server answered with status {}",
                      url,
                      response.status);
  }
  RemoteFile file{.path = path, .name = file_name_of(url), .digest = hash.finish()};
  if (const std::string* date = response.find_header("last-modified"); date != nullptr) {
    file.mtime = parse_http_date(*date);
  }
  return file;
}

}  // namespace ikada
