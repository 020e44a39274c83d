/** Which browser this build is for. Decided when building, so each build holds only its own way. */

export const FIREFOX: boolean = import.meta.env.FIREFOX;
