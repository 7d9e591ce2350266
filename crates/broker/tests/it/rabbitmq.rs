//! What only a RabbitMQ can do, or do to us. Without `TEST_AMQP_URL` there is none to ask.

mod connecting;
mod foreign;
mod gone;
mod limits;
mod outage;
mod own_server;
mod returned;
