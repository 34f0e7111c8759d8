// Manifest states and edits as bytes, and the effect of an edit on a state.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "storage/manifest.h"

namespace mote {

void serialize_state(const ManifestState& state, std::string* out);
Result<ManifestState> deserialize_state(std::string_view bytes);
void serialize_edit(const ManifestEdit& edit, std::string* out);
Result<ManifestEdit> deserialize_edit(std::string_view bytes);

// Errors: kCorruption when the edit does not fit the state: a table that is not there or there
// already with parts, a part to remove that is not there, parts that overlap, numbers that fall. On
// error the state may be half changed.
Status apply_edit(const ManifestEdit& edit, ManifestState* state);

}  // namespace mote
