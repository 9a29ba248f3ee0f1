/*
 * What the root and its hosts agree upon. Only for this folder.
 */
#ifndef RUNTIME_LOOP_ROOT_PRIVATE_H
#define RUNTIME_LOOP_ROOT_PRIVATE_H

#define ROOT_LIFE_FD 3 /* the socket of a host's life */
#define ROOT_BOX_FD 4  /* its black box */
#define ROOT_HELD_FD 5 /* root_spec.held_fd */
#define ROOT_BEAT_MS 2500U
#define ROOT_SILENCE_MS \
	15000U /* a host whose loop stood for so long is ended; its watchdog names the actor before */

#endif
