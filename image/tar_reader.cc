#include "image/tar_reader.h"

#include <array>
#include <locale.h>

#include <archive.h>
#include <archive_entry.h>

namespace ikada {
namespace {

constexpr dev_t kMaxMajor = 0xfff;
constexpr dev_t kMaxMinor = 0xfffff;
constexpr std::uint64_t kBlockBytes = 512;
constexpr std::array<char, kBlockBytes> kZeroBlock = {};

Error tar_error(std::string_view what) {
  Error error = make_error(ErrorKind::kInvalid, "layer: tar: {}", what);
  error.code = "LAYER_TAR_INVALID";
  return error;
}

const char* text_or_empty(const char* text) { return text == nullptr ? "" : text; }

// Source: makedev(3), mknod(2): what the kernel takes has 12 bits of major and 20 of minor number.
Result<unsigned> device_number(dev_t number, dev_t largest) {
  if (number > largest) return tar_error("device number out of range");
  return static_cast<unsigned>(number);
}

}  // namespace

struct TarReader::State {
  struct FreeArchive {
    void operator()(archive* opened) const { archive_read_free(opened); }
  };
  struct FreeLocale {
    void operator()(locale_t locale) const { ::freelocale(locale); }
  };

  std::unique_ptr<archive, FreeArchive> reader;
  archive_entry* entry = nullptr;  // The reader's own.
  Input input;
  std::optional<Error> input_error;
  TarEntry current;
  std::uint64_t content_end = 0;       // Of the pieces that next_block() has given.
  std::uint64_t read_bytes = 0;        // Of the archive.
  std::uint64_t content_position = 0;  // In the archive, of the current entry's content.
  // libarchive turns PAX names into the thread's character set if it can, and normalises them on
  // the way; in the C locale it cannot and gives the bytes of the archive.
  std::unique_ptr<std::remove_pointer_t<locale_t>, FreeLocale> c_locale;

  // What libarchive lets pass with a warning and another reader takes otherwise is damage: a name
  // that stayed as its bytes, see c_locale, is the only thing that is none.
  bool is_harmless_warning() const {
    const std::string_view text = text_or_empty(archive_error_string(reader.get()));
    return text.find("can't be converted from") != std::string_view::npos;
  }

  Error error() const {
    if (input_error.has_value()) return *input_error;
    const char* text = archive_error_string(reader.get());
    return tar_error(text == nullptr ? "damaged" : text);
  }

  Result<void> fill_current();
  std::span<const char> missing_padding() const;

  // libarchive's callback; `context` is the State.
  static la_ssize_t read(archive* reader, void* context, const void** buffer);
};

la_ssize_t TarReader::State::read(archive* reader, void* context, const void** buffer) {
  auto* state = static_cast<State*>(context);
  Result<std::span<const char>> bytes = state->input();
  if (!bytes.has_value()) {
    state->input_error = bytes.error();
    archive_set_error(reader, EIO, "%s", bytes.error().message.c_str());
    return -1;
  }
  if (bytes->empty()) *bytes = state->missing_padding();
  state->read_bytes += bytes->size();
  *buffer = bytes->data();
  return static_cast<la_ssize_t>(bytes->size());
}

// Some writers leave out, with the end of the archive, also what fills the last block (umoci
// insert). An archive that ends with the last byte of a file is whole; one that ends elsewhere in a
// block is cut.
std::span<const char> TarReader::State::missing_padding() const {
  if (entry == nullptr || archive_entry_sparse_count(entry) > 0) return {};
  const std::uint64_t in_last_block = current.size_bytes % kBlockBytes;
  const bool ends_here = read_bytes - content_position == current.size_bytes;
  if (!ends_here || in_last_block == 0) return {};
  return std::span(kZeroBlock).first(kBlockBytes - in_last_block);
}

namespace {

class LocaleScope {
 public:
  explicit LocaleScope(locale_t locale) : old_(::uselocale(locale)) {}
  LocaleScope(const LocaleScope&) = delete;
  LocaleScope& operator=(const LocaleScope&) = delete;
  ~LocaleScope() { ::uselocale(old_); }

 private:
  locale_t old_;
};

}  // namespace

Result<TarReader> TarReader::create(Input input) {
  auto state = std::make_unique<State>();
  state->input = std::move(input);
  state->c_locale.reset(::newlocale(LC_ALL_MASK, "C", nullptr));
  state->reader.reset(archive_read_new());
  archive* reader = state->reader.get();
  archive_read_support_format_tar(reader);
  // An empty stream is no tar of its own, but as a layer it is one without entries.
  archive_read_support_format_empty(reader);
  const int status = archive_read_open(reader, state.get(), nullptr, State::read, nullptr);
  if (status != ARCHIVE_OK) return state->error();
  return TarReader(std::move(state));
}

TarReader::TarReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
TarReader::TarReader(TarReader&&) noexcept = default;
TarReader& TarReader::operator=(TarReader&&) noexcept = default;
TarReader::~TarReader() = default;

Result<void> TarReader::State::fill_current() {
  constexpr la_int64_t kMaxId = 4294967294;  // (uid_t)-1 means "leave it" to chown(2).
  current = TarEntry();
  current.path = text_or_empty(archive_entry_pathname(entry));
  const char* hard_link = archive_entry_hardlink(entry);
  current.is_hard_link = hard_link != nullptr;
  current.mode = archive_entry_mode(entry);
  current.link_target =
      text_or_empty(current.is_hard_link ? hard_link : archive_entry_symlink(entry));
  const la_int64_t uid = archive_entry_uid(entry);
  const la_int64_t gid = archive_entry_gid(entry);
  if (uid < 0 || uid > kMaxId || gid < 0 || gid > kMaxId) return tar_error("owner out of range");
  current.uid = static_cast<uid_t>(uid);
  current.gid = static_cast<gid_t>(gid);
  const la_int64_t size = archive_entry_size(entry);
  if (size < 0) return tar_error("negative size");
  current.size_bytes = static_cast<std::uint64_t>(size);
  current.mtime = {archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)};
  content_end = 0;
  if (S_ISCHR(current.mode) || S_ISBLK(current.mode)) {
    IK_LET(major, device_number(archive_entry_rdevmajor(entry), kMaxMajor));
    IK_LET(minor, device_number(archive_entry_rdevminor(entry), kMaxMinor));
    current.device_major = major;
    current.device_minor = minor;
  }
  archive_entry_xattr_reset(entry);
  const char* name = nullptr;
  const void* value = nullptr;
  size_t value_size = 0;
  while (archive_entry_xattr_next(entry, &name, &value, &value_size) == ARCHIVE_OK) {
    current.xattrs[text_or_empty(name)] = std::string(static_cast<const char*>(value), value_size);
  }
  return {};
}

Result<const TarEntry*> TarReader::next() {
  const LocaleScope scope(state_->c_locale.get());
  const int status = archive_read_next_header(state_->reader.get(), &state_->entry);
  if (status == ARCHIVE_EOF) return nullptr;
  const bool is_good =
      status == ARCHIVE_WARN ? state_->is_harmless_warning() : status == ARCHIVE_OK;
  if (!is_good) return state_->error();
  state_->content_position =
      static_cast<std::uint64_t>(archive_filter_bytes(state_->reader.get(), 0));
  IK_TRY(state_->fill_current());
  return &state_->current;
}

Result<std::optional<TarBlock>> TarReader::next_block() {
  const void* bytes = nullptr;
  size_t size = 0;
  la_int64_t offset = 0;
  const int status = archive_read_data_block(state_->reader.get(), &bytes, &size, &offset);
  if (status == ARCHIVE_EOF) return std::optional<TarBlock>();
  if (status != ARCHIVE_OK) return state_->error();
  // A sparse file's map may name its pieces in any order, or one place twice.
  if (offset < 0 || (size > 0 && static_cast<std::uint64_t>(offset) < state_->content_end)) {
    return tar_error("pieces of a sparse file overlap");
  }
  if (size > 0) state_->content_end = static_cast<std::uint64_t>(offset) + size;
  return TarBlock{static_cast<std::uint64_t>(offset),
                  std::string_view(static_cast<const char*>(bytes), size)};
}

}  // namespace ikada
