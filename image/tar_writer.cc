#include "image/tar_writer.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

#include <fmt/core.h>

namespace ikada {
namespace {

constexpr size_t kBlock = 512;
constexpr size_t kNameBytes = 100;
constexpr mode_t kModeBits = 07777;
constexpr std::array<char, 32 * kBlock> kZeroBlocks{};

// The layout of a header block; numbers are octal texts.
struct Header {
  char name[kNameBytes];
  char mode[8];
  char uid[8];
  char gid[8];
  char size[12];
  char mtime[12];
  char checksum[8];
  char type;
  char link_name[kNameBytes];
  char magic[6];
  char version[2];
  char user[32];
  char group[32];
  char device_major[8];
  char device_minor[8];
  char prefix[155];
  char unused[12];
};
static_assert(sizeof(Header) == kBlock);

// False if the number does not fit; the field is 0 then.
template <size_t kSize>
bool put_octal(char (&field)[kSize], std::int64_t value) {
  constexpr int kDigits = static_cast<int>(kSize) - 1;
  const bool fits = value >= 0 && value < (std::int64_t{1} << (3 * kDigits));
  const std::string text = fmt::format("{:0{}o}", fits ? value : 0, kDigits);
  std::memcpy(field, text.data(), text.size());
  return fits;
}

// False if the text does not fit; the field has its beginning then.
bool put_text(char (&field)[kNameBytes], std::string_view text) {
  std::memcpy(field, text.data(), std::min(text.size(), kNameBytes));
  return text.size() <= kNameBytes && text.find('\0') == std::string_view::npos;
}

void put_checksum(Header& header) {
  std::memset(header.checksum, ' ', sizeof(header.checksum));
  unsigned sum = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(&header);
  for (size_t i = 0; i < kBlock; ++i) sum += bytes[i];
  const std::string text = fmt::format("{:06o}", sum);
  std::memcpy(header.checksum, text.data(), text.size());
  header.checksum[6] = '\0';
}

std::string_view bytes_of(const Header& header) {
  return {reinterpret_cast<const char*>(&header), kBlock};
}

// "30 mtime=1350244992.023960108\n": the number counts itself.
void add_record(std::string& records, std::string_view key, std::string_view value) {
  const size_t rest = key.size() + value.size() + 3;
  size_t size = rest + 1;
  while (std::to_string(size).size() + rest != size) ++size;
  records += fmt::format("{} {}=", size, key);
  records += value;
  records += '\n';
}

// '\0' for what tar has no letter for.
char type_letter(const TarEntry& entry) {
  if (entry.is_hard_link) return '1';
  switch (entry.mode & S_IFMT) {
    case S_IFREG:
      return '0';
    case S_IFLNK:
      return '2';
    case S_IFCHR:
      return '3';
    case S_IFBLK:
      return '4';
    case S_IFDIR:
      return '5';
    case S_IFIFO:
      return '6';
    default:
      return '\0';
  }
}

void init_header(Header& header) {
  std::memset(&header, 0, sizeof(header));
  std::memcpy(header.magic, "ustar", 6);
  std::memcpy(header.version, "00", 2);
}

// Fills the header and returns the PAX records for what does not fit into it.
std::string fill_header(Header& header, const TarEntry& entry, std::uint64_t size) {
  std::string records;
  const auto number = [&](auto& field, std::string_view key, std::int64_t value) {
    if (!put_octal(field, value)) add_record(records, key, std::to_string(value));
  };
  init_header(header);
  if (!put_text(header.name, entry.path)) add_record(records, "path", entry.path);
  if (!put_text(header.link_name, entry.link_target)) {
    add_record(records, "linkpath", entry.link_target);
  }
  put_octal(header.mode, entry.mode & kModeBits);
  number(header.uid, "uid", entry.uid);
  number(header.gid, "gid", entry.gid);
  number(header.size, "size", static_cast<std::int64_t>(size));
  number(header.mtime, "mtime", entry.mtime.tv_sec);
  header.type = type_letter(entry);
  const bool is_device = S_ISCHR(entry.mode) || S_ISBLK(entry.mode);
  put_octal(header.device_major, is_device ? entry.device_major : 0);
  put_octal(header.device_minor, is_device ? entry.device_minor : 0);
  for (const auto& [name, value] : entry.xattrs) {
    add_record(records, "SCHILY.xattr." + name, value);
  }
  put_checksum(header);
  return records;
}

Header pax_header(const TarEntry& entry, size_t size) {
  std::string_view base = entry.path;
  while (base.ends_with('/')) base.remove_suffix(1);
  base = base.substr(base.rfind('/') + 1);
  Header header;
  init_header(header);
  put_text(header.name, fmt::format("PaxHeaders.0/{}", base.substr(0, 80)));
  put_octal(header.mode, 0644);
  put_octal(header.uid, 0);
  put_octal(header.gid, 0);
  put_octal(header.size, static_cast<std::int64_t>(size));
  put_octal(header.mtime, 0);
  put_octal(header.device_major, 0);
  put_octal(header.device_minor, 0);
  header.type = 'x';
  put_checksum(header);
  return header;
}

std::uint64_t padding_of(std::uint64_t size) { return (kBlock - size % kBlock) % kBlock; }

}  // namespace

Result<void> TarWriter::add(const TarEntry& entry) {
  assert(left_ == 0);
  IK_TRY(fill_block());
  if (type_letter(entry) == '\0') {
    return make_error(ErrorKind::kInvalid, "{}: of a type that a tar cannot hold", entry.path);
  }
  const bool has_content = S_ISREG(entry.mode) && !entry.is_hard_link;
  left_ = has_content ? entry.size_bytes : 0;
  Header header;
  const std::string records = fill_header(header, entry, left_);
  if (!records.empty()) {
    IK_TRY(output_(bytes_of(pax_header(entry, records.size()))));
    IK_TRY(output_(records));
    IK_TRY(output_({kZeroBlocks.data(), padding_of(records.size())}));
  }
  padding_ = padding_of(left_);
  return output_(bytes_of(header));
}

Result<void> TarWriter::write(std::string_view bytes) {
  assert(bytes.size() <= left_);
  left_ -= bytes.size();
  return output_(bytes);
}

Result<void> TarWriter::write_zeros(std::uint64_t size) {
  while (size > 0) {
    const size_t piece = std::min<std::uint64_t>(size, kZeroBlocks.size());
    IK_TRY(write({kZeroBlocks.data(), piece}));
    size -= piece;
  }
  return {};
}

Result<void> TarWriter::fill_block() {
  const std::uint64_t padding = padding_;
  padding_ = 0;
  if (padding == 0) return {};
  return output_({kZeroBlocks.data(), padding});
}

Result<void> TarWriter::finish() {
  assert(left_ == 0);
  IK_TRY(fill_block());
  return output_({kZeroBlocks.data(), 2 * kBlock});
}

}  // namespace ikada
