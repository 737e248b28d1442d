//! The fault vocabulary: grammar, selection, schedule, pure decision, effects
