//! Lists of models: those of `/v3/models`, which names itself as the owner of each.
//!
//! <https://docs.openvino.ai/2026/model-server/ovms_docs_rest_api_models.html>

use trunkline_core::{Error, Reply, Result};

/// The list, unless it is clearly another server's.
pub(crate) fn ours(reply: Reply) -> Result<Reply> {
    let page = reply.into_models()?;
    let owners = || page.models.iter().map(|model| model.owner.as_deref());
    let foreign =
        |owner: Option<&str>| owner.is_some_and(|owner| !owner.eq_ignore_ascii_case("ovms"));
    if !page.models.is_empty() && owners().all(foreign) {
        return Err(Error::decode(
            "the list of models is that of another server: none of them is owned by OVMS",
        ));
    }
    Ok(Reply::Models(page))
}
