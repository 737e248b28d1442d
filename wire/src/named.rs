//! Enums whose members have names in files and flags.

/// Declares an enum of bare members, each with its name: `ALL`, `name()` and `from_name()` follow from that.
macro_rules! named {
    (
        $(#[$doc:meta])*
        pub enum $Enum:ident {
            $($(#[$of_member:meta])* $Member:ident = $name:literal,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $Enum {
            $($(#[$of_member])* $Member,)+
        }

        impl $Enum {
            /// Every one.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$Member),+];

            /// The name by which a file or a flag asks for it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$Member => $name,)+
                }
            }

            /// The one of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|one| one.name() == name)
            }
        }
    };
}

pub(crate) use named;
