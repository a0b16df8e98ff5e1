// Room on the store's disk: whether what is about to be written fits, and making more if not.
//
// Room is made by taking away what nothing lists any more, what builds have not used for a day and
// then, if the policy keeps a floor free, images that no container has, the longest unused first
// (image/store_policy.h). Nothing goes while anybody has begin_pull(), the caller included.
#pragma once

#include <cstdint>

#include "image/store.h"
#include "image/store_policy.h"
#include "runtime/base/result.h"

namespace ikada {

Result<std::uint64_t> free_bytes(const ImageStore& store);

// A full disk, or a quota that is used up.
bool is_out_of_space(const Error& error);

// The error, with code NO_SPACE if it is one of those.
Error with_space_code(Error error);

// kSystem with code NO_SPACE if `needed_bytes` do not fit beside `floor_bytes` that are to stay
// free. A lower bound is enough: what does not fit after all is seen when it is written.
Result<void> check_room(const ImageStore& store,
                        std::uint64_t needed_bytes,
                        std::uint64_t floor_bytes = 0);

// What the policy keeps free on this disk.
Result<std::uint64_t> floor_bytes(const ImageStore& store, const ImagePolicy& policy);

// Tries to have `needed_bytes` and the floor free; that it did not get so far is no error. Images
// go for the floor's sake only, and not for something that would not fit if all of them were gone.
Result<void> make_room(ImageStore& store, const ImagePolicy& policy, std::uint64_t needed_bytes);

}  // namespace ikada
