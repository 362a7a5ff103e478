//! What an import does with contacts that are there already.

use crate::core::kernel::words;

words! {
    /// What becomes of a row whose address is a contact's already.
    OnConflict {
        /// The contact gets what the row says.
        Update = "update",
        /// The contact stays exactly as it is; of the rows of one address the first holds.
        Skip = "skip",
        /// Nothing is imported at all; of the rows of one address the first holds.
        Fail = "fail",
    }
}

words! {
    /// What becomes of the attributes of a contact that a row updates.
    AttributeUpdate {
        /// Those the row names are set, the others stay.
        Merge = "merge",
        /// It has those of the row, and no others.
        Replace = "replace",
    }
}
