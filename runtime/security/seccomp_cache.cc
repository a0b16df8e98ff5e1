// The cache of compiled programs: load_or_compile_seccomp().
//
// A file is a header in the machine's byte order, the JSON text it was compiled from, and the
// instructions:
//   8 bytes   "IKSECBPF"
//   u32       format version, raised whenever the compiler's output changes
//   u32       AUDIT_ARCH of the machine
//   u32 u32   bytes of JSON, number of instructions
//   u32 u32   flags, 0
//   u64       checksum of JSON, instructions and flags
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string_view>
#include <type_traits>

#include "runtime/base/atomic_file.h"
#include "runtime/base/random_id.h"
#include "runtime/security/seccomp.h"
#include "runtime/security/seccomp_rules.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr char kMagic[8] = {'I', 'K', 'S', 'E', 'C', 'B', 'P', 'F'};
constexpr std::uint32_t kFormat = 1;
constexpr size_t kMaxFileBytes = size_t{4} << 20;

struct Header {
  char magic[8];
  std::uint32_t format;
  std::uint32_t abi;
  std::uint32_t json_bytes;
  std::uint32_t instruction_count;
  std::uint32_t flags;
  std::uint32_t zero;
  std::uint64_t checksum;
};
static_assert(std::is_trivially_copyable_v<Header> && sizeof(Header) == 40);
static_assert(std::is_trivially_copyable_v<sock_filter> && sizeof(sock_filter) == 8);

// FNV-1a. It finds the file and notices damage; trust comes from the owner, the mode and from
// comparing the whole JSON.
std::uint64_t checksum_of(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : bytes) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x100000001b3;
  }
  return hash;
}

Header header_for(std::string_view json, std::string_view code, unsigned flags) {
  Header header = {};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.format = kFormat;
  header.abi = static_cast<std::uint32_t>(native_syscall_abi());
  header.json_bytes = static_cast<std::uint32_t>(json.size());
  header.instruction_count = static_cast<std::uint32_t>(code.size() / sizeof(sock_filter));
  header.flags = flags;
  header.checksum = checksum_of(json) ^ (checksum_of(code) << 1) ^ (std::uint64_t{flags} << 32);
  return header;
}

// Only we may have written here: nobody else owns or can write it.
bool is_private(int fd, mode_t type, mode_t mode) {
  struct stat status = {};
  return ::fstat(fd, &status) == 0 && (status.st_mode & S_IFMT) == type &&
         (status.st_mode & 07777) == mode && status.st_uid == ::geteuid();
}

Result<UniqueFd> open_cache(const std::string& cache_dir) {
  IK_TRY(make_directories(cache_dir, 0700));
  IK_LET(dir, open_file(cache_dir, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  if (!is_private(dir.get(), S_IFDIR, 0700)) {
    return make_error(ErrorKind::kDenied, "{} is not a private directory", cache_dir);
  }
  return dir;
}

Result<SeccompProgram> read_cached(int dir_fd, const std::string& name, std::string_view json) {
  IK_LET(file, open_file_at(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  if (!is_private(file.get(), S_IFREG, 0600)) {
    return make_error(ErrorKind::kDenied, "{} is not private", name);
  }
  IK_LET(bytes, read_fd(file.get(), kMaxFileBytes));
  Header header = {};
  if (bytes.size() < sizeof(header) + json.size()) {
    return make_error(ErrorKind::kInvalid, "{} is too short", name);
  }
  std::memcpy(&header, bytes.data(), sizeof(header));
  const std::string_view code = std::string_view(bytes).substr(sizeof(header) + json.size());
  const Header expected = header_for(json, code, header.flags);
  const bool whole = code.size() % sizeof(sock_filter) == 0 && !code.empty() &&
                     std::memcmp(&header, &expected, sizeof(header)) == 0 &&
                     std::string_view(bytes).substr(sizeof(header), json.size()) == json;
  if (!whole) return make_error(ErrorKind::kInvalid, "{} is for another profile or damaged", name);
  SeccompProgram program;
  program.flags = header.flags;
  program.instructions.resize(header.instruction_count);
  std::memcpy(program.instructions.data(), code.data(), code.size());
  return program;
}

}  // namespace

Result<SeccompProgram> load_or_compile_seccomp(const Json& seccomp, const std::string& cache_dir) {
  const std::string json = seccomp.dump(-1, ' ', false, Json::error_handler_t::replace);
  const std::uint64_t hash = checksum_of(json);
  const std::string name = to_hex(&hash, sizeof(hash));
  Result<UniqueFd> dir = open_cache(cache_dir);
  if (dir) {
    Result<SeccompProgram> cached = read_cached(dir->get(), name, json);
    if (cached) return cached;
  }
  IK_LET(program, compile_seccomp(seccomp));
  if (dir) {
    const std::string_view code(reinterpret_cast<const char*>(program.instructions.data()),
                                program.instructions.size() * sizeof(sock_filter));
    const Header header = header_for(json, code, program.flags);
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof(header));
    bytes.append(json).append(code);
    // Without the cache the next start is slower, and that is all.
    static_cast<void>(
        write_file_atomically(cache_dir + "/" + name, bytes, 0600, Durability::kVolatile));
  }
  return program;
}

}  // namespace ikada
