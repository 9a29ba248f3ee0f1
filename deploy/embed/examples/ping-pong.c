/* Two actors that throw a ball. ping-pong [ROUNDS] */
#include <act.h>
#include <stdio.h>
#include <stdlib.h>

struct ball {
	uint32_t round;
};
static const ACT_TYPE(ball);

static enum act_verdict pong(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state;
	act_cast(act, msg->from, &ball_type, msg->body);
	return ACT_OK;
}

static const struct act_class pong_class = { .name = "pong", .receive = pong };

struct ping {
	uint32_t rounds;
};

static enum act_status ping_init(struct act *act, void *state, const void *args)
{
	struct act_ref ponger;

	*(struct ping *)state = *(const struct ping *)args;
	ACT_TRY(act_spawn(act, &pong_class, NULL, NULL, &ponger));
	return act_tell(act, ponger, ball, .round = 1);
}

static enum act_verdict ping(struct act *act, void *state, const struct act_msg *msg)
{
	struct ping *self = state;
	struct ball *ball = ACT_AS(msg, ball);

	if (ball->round < self->rounds) {
		act_cast(act, msg->from, &ball_type, &(struct ball){ ball->round + 1 });
		return ACT_OK;
	}
	printf("%u rounds\n", ball->round);
	act_host_stop(act_host_of(act));
	return ACT_STOP;
}

static const struct act_class ping_class = {
	.name = "ping", .state_size = sizeof(struct ping), .init = ping_init, .receive = ping
};

int main(int argc, char **argv)
{
	struct ping args = { argc > 1 ? (uint32_t)atoi(argv[1]) : 1000000 };
	struct act_child child = {
		.id = "ping", .class = &ping_class, .args = &args, .restart = ACT_TRANSIENT
	};
	struct act_supervisor root = { .children = &child, .child_count = 1 };
	struct act_loop_config config = {
		.host = { .name = "ping-pong", .node = 1, .epoch = 1, .root = &root }
	};
	struct act_loop *loop;

	if (act_loop_open(&config, &loop) != ACT_STATUS_OK)
		return 1;
	act_loop_run(loop);
	act_loop_close(loop);
	return 0;
}
