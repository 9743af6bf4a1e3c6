/* Time for measuring, not for dates. */
#pragma once

double seconds_now(void); /* of a clock that only goes forward */
