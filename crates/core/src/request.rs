//! What requests of all operations can be told alike.

/// Setters that requests share, by their names: `request_setters!(RerankRequest: model, option, strict)`.
/// With `effect_option` an option may [have an effect](crate::ProviderOptions::has_effect).
macro_rules! request_setters {
    ($request:ident: $($setter:ident),+) => {
        impl $request {
            $($crate::request::request_setters!(@$setter);)+
        }
    };
    (@model) => {
        /// Sets the model, over the one that the call is made on.
        #[must_use]
        pub fn model(mut self, model: impl Into<String>) -> Self {
            self.model = model.into();
            self
        }
    };
    (@option) => {
        /// Adds what only one provider takes. Options set before for the same provider stay, unless
        /// they are set again.
        #[must_use]
        pub fn option<O: $crate::ProviderOptions>(mut self, options: O) -> Self {
            $crate::chat::options::add(&mut self.options, &options);
            self
        }
    };
    (@effect_option) => {
        /// Adds what only one provider takes. Options set before for the same provider stay, unless
        /// they are set again.
        #[must_use]
        pub fn option<O: $crate::ProviderOptions>(mut self, options: O) -> Self {
            self.effect |= options.has_effect();
            $crate::chat::options::add(&mut self.options, &options);
            self
        }
    };
    (@body_patch) => {
        /// Lays a JSON merge patch over the encoded body, last: for what the provider takes and this
        /// library has no name for.
        #[must_use]
        pub fn body_patch(mut self, patch: impl Into<$crate::Json>) -> Self {
            self.patch = Some(patch.into());
            self
        }
    };
    (@strict) => {
        /// Refuses, before sending, what the wire cannot carry as asked, instead of warning.
        #[must_use]
        pub fn strict(mut self) -> Self {
            self.strict = true;
            self
        }
    };
}
pub(crate) use request_setters;
